// The screen on the wall: the first screen kept true, a clock, and little light at night until somebody touches it.
import "./status.js";

const NIGHT = [22, 7], AWAKE = 60000; // hours of the installation's zone; milliseconds after a touch
const zone = document.querySelector(".bar").dataset.zone, root = document.documentElement, chosen = root.dataset.theme;
const clock = document.getElementById("clock");
const time = new Intl.DateTimeFormat("en-GB", { timeZone: zone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
let touched = -AWAKE;

function dim() {
  const now = time.format(new Date()), hour = Number(now.slice(0, 2));
  if (clock.textContent !== now) clock.textContent = now;
  // A boiler that stopped is told by night too.
  const calm = document.getElementById("live").dataset.state === "ok";
  const night = calm && (hour >= NIGHT[0] || hour < NIGHT[1]) && performance.now() - touched > AWAKE;
  document.body.classList.toggle("night", night);
  if (night) root.dataset.theme = "dark";
  else if (chosen) root.dataset.theme = chosen;
  else delete root.dataset.theme;
}

// The first touch of the night only wakes the screen: nobody aims at what is hardly seen.
addEventListener("click", (event) => {
  if (document.body.classList.contains("night")) event.preventDefault();
  touched = performance.now();
  dim();
}, { capture: true });
setInterval(dim, 1000);
dim();
