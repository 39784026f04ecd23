// Keeps the first screen true, here and on the kiosk: its living parts again whenever they changed, its age each second.
import { poll } from "./live.js";

const TAP = 2000, TOLD = 60000; // milliseconds that a tap may take, and that its thanks stand
const banner = document.getElementById("offline"), late = Number(banner.dataset.late);
const live = () => document.getElementById("live");
let age, heard, touched = -TAP;

function hear(told) {
  age = Number(told ?? NaN);
  heard = [performance.now(), Date.now()];
}

function count() {
  const place = document.getElementById("age");
  if (!place || Number.isNaN(age)) return NaN;
  // While a device sleeps its monotonic clock may stand still, and its other one may be set: the later is believed.
  const seconds = Math.floor(age + Math.max(performance.now() - heard[0], Date.now() - heard[1]) / 1000);
  const text = seconds < 120 ? `${seconds} s` : seconds < 3600 ? `${Math.floor(seconds / 60)} min` : `${Math.floor(seconds / 3600)} h`;
  if (place.textContent !== text) place.textContent = text;
  return seconds;
}

function look() {
  if (!document.hidden && count() > late && live().dataset.state !== "blind") lost(true);
}

// What is old is never called well: without news the verdict goes, whatever it was.
function lost(now) {
  banner.hidden = !now;
  if (!now) return;
  const verdict = live().querySelector(".verdict"), [mark, title] = verdict.querySelector("h1").children;
  live().dataset.state = "blind";
  verdict.className = "verdict blind";
  verdict.querySelector("p")?.remove();
  [mark.textContent, title.textContent] = ["?", banner.dataset.lost];
  live().classList.add("old");
  document.title = `? ${banner.dataset.lost}`;
}

// One part anew: what did not change stays as it is, and whoever has the focus or opened a menu keeps it.
function renew(part) {
  const old = document.getElementById(part.id), focused = document.activeElement?.id;
  if (old.querySelector("details[open]")) part.querySelector("details")?.setAttribute("open", "");
  if (old.isEqualNode(part)) return;
  old.replaceWith(part);
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

async function receive(answer, fresh) {
  const boot = answer.headers.get("Boot");
  // Another start of the server may be another version of the page.
  if (boot && boot !== banner.dataset.boot) return location.reload();
  hear(answer.headers.get("Reading-Age"));
  // The same as what is no longer shown: as good as none, and the next one is read whole.
  if (!fresh && !banner.hidden) throw new Error("lost");
  if (fresh) {
    const parts = new DOMParser().parseFromString(await answer.text(), "text/html");
    // Once a login is over, the answer is the page that asks for one.
    if (!parts.getElementById("live")) return location.reload();
    // What is being tapped stays under the finger.
    while (performance.now() - touched < TAP) await new Promise((done) => setTimeout(done, TAP));
    for (const part of [...parts.body.children]) renew(part);
    document.title = live().dataset.title;
    banner.hidden = true;
  }
  count();
}

hear(document.getElementById("age")?.dataset.age);
// Before the page asks again: what it showed when it fell asleep may be hours old.
document.addEventListener("visibilitychange", look);
poll(() => "/state", receive, lost);
setInterval(look, 1000);
for (const sign of ["pointerdown", "keydown"]) addEventListener(sign, () => (touched = performance.now()), { capture: true });
// A screen that is never left would tell for days what was done once.
setTimeout(() => document.querySelectorAll(".flash").forEach((one) => one.remove()), TOLD);
