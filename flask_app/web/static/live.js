// Polls an address while the page is seen: every 5 s, slower on errors, 304 when nothing changed.
const PERIOD = 5000, SLOWEST = 60000, LOST = 3;

// `receive(answer, fresh)` is told of every good answer; fresh: its body is new. `lost(true)` after three failures.
export function poll(address, receive, lost) {
  let tag = null, failures = 0, timer = 0, asking = false;

  async function ask() {
    if (asking) return;
    asking = true;
    try {
      const answer = await fetch(address(), { headers: tag ? { "If-None-Match": tag } : {}, cache: "no-store", signal: AbortSignal.timeout(10000) });
      if (answer.status !== 200 && answer.status !== 304) throw new Error(answer.status);
      await receive(answer, answer.status === 200);
      tag = answer.headers.get("ETag");
      if (failures >= LOST) lost(false);
      failures = 0;
    } catch {
      failures += 1;
      // What was shown is not what is: the next good answer is read whole.
      tag = null;
      if (failures === LOST) lost(true);
    }
    asking = false;
    plan();
  }

  function plan() {
    clearTimeout(timer);
    if (document.hidden) return;
    const wait = Math.min(SLOWEST, PERIOD * 2 ** Math.max(0, failures - LOST));
    timer = setTimeout(ask, wait * (0.9 + 0.2 * Math.random()));
  }

  document.addEventListener("visibilitychange", () => (document.hidden ? clearTimeout(timer) : ask()));
  plan();
}
