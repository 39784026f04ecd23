// Keeps the first screen true, here and on the kiosk: its living part again whenever it changed, its age each second.
import { poll } from "./live.js";

const banner = document.getElementById("offline");
const live = () => document.getElementById("live");
let heard = performance.now(), age = Number(document.getElementById("age")?.dataset.age ?? NaN);

function count() {
  const place = document.getElementById("age");
  if (!place || Number.isNaN(age)) return;
  const seconds = Math.floor(age + (performance.now() - heard) / 1000);
  const text = seconds < 120 ? `${seconds} s` : seconds < 3600 ? `${Math.floor(seconds / 60)} min` : `${Math.floor(seconds / 3600)} h`;
  if (place.textContent !== text) place.textContent = text;
}

// What is old is never called well: without news the verdict goes, whatever it was.
function lost(now) {
  banner.hidden = !now;
  if (!now) return;
  const verdict = live().querySelector(".verdict"), [mark, title] = verdict.querySelector("h1").children;
  verdict.className = "verdict blind";
  verdict.querySelector("p")?.remove();
  [mark.textContent, title.textContent] = ["?", banner.dataset.lost];
  live().classList.add("old");
  document.title = `? ${banner.dataset.lost}`;
}

async function receive(answer, fresh) {
  const boot = answer.headers.get("Boot");
  // Another start of the server may be another version of the page.
  if (boot && boot !== banner.dataset.boot) return location.reload();
  age = Number(answer.headers.get("Reading-Age") ?? NaN);
  heard = performance.now();
  if (fresh) {
    const part = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("live");
    // Once a login is over, the answer is the page that asks for one.
    if (!part) return location.reload();
    document.title = part.dataset.title;
    live().replaceWith(document.adoptNode(part));
  }
  count();
}

poll(() => "/state", receive, lost);
setInterval(() => document.hidden || count(), 1000);
