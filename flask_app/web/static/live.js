// Polls an address of the API while the page is seen: every 5 s, slower on errors, 304 when nothing changed.
const PERIOD = 5000, SLOWEST = 60000;

export function poll(address, receive, offline) {
  let tag = null, failures = 0, timer = 0, asking = false;

  async function ask() {
    if (asking) return;
    asking = true;
    try {
      const answer = await fetch(address(), { headers: tag ? { "If-None-Match": tag } : {}, cache: "no-store" });
      if (answer.status === 200) {
        tag = answer.headers.get("ETag");
        await receive(await answer.json());
      } else if (answer.status !== 304) throw new Error(answer.status);
      failures = 0;
    } catch {
      failures += 1;
    }
    asking = false;
    offline.hidden = failures < 3;
    plan();
  }

  function plan() {
    clearTimeout(timer);
    if (document.hidden) return;
    const wait = Math.min(SLOWEST, PERIOD * 2 ** Math.max(0, failures - 2));
    timer = setTimeout(ask, wait * (0.9 + 0.2 * Math.random()));
  }

  document.addEventListener("visibilitychange", () => (document.hidden ? clearTimeout(timer) : ask()));
  plan();
  return ask;
}
