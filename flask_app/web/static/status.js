// Keeps the first screen true: numbers from the API, the whole of it again when the verdict or the minute changes.
import { poll } from "./live.js";

const language = document.documentElement.lang;
const number = (value, digits) =>
  value.toLocaleString(language, { minimumFractionDigits: digits, maximumFractionDigits: digits });
const live = () => document.getElementById("live");
let skew = Number(document.getElementById("age")?.dataset.now ?? 0) - Date.now() / 1000;

function put(id, text) {
  const place = document.getElementById(id);
  if (place && place.textContent !== text) place.textContent = text;
}

async function redraw() {
  const answer = await fetch(location.pathname, { cache: "no-store" });
  if (!answer.ok) throw new Error(answer.status);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  live().replaceWith(page.getElementById("live"));
  document.title = page.title;
}

function same(status) {
  const shown = live().dataset;
  return shown.state === status.state && shown.cause === status.cause && shown.kind === (status.kind ?? "") &&
    shown.phase === String(status.phase ?? "");
}

poll(() => `/api/v1/live?s=water&after=${Math.floor(Date.now() / 1000 + skew) - 120}`, async ({ now, status, tail }) => {
  skew = now - Date.now() / 1000;
  const minute = tail.last === null ? "" : String(tail.last - 60);
  if (!same(status) || minute > live().dataset.minute) return redraw();
  if (status.water !== null) put("water", number(status.water, 1));
  if (status.flue !== null) put("flue", number(status.flue, 0));
  const age = document.getElementById("age");
  if (age) age.dataset.at = status.at;
}, document.getElementById("offline"));

setInterval(() => {
  const age = document.getElementById("age");
  if (!age || document.hidden) return;
  const seconds = Math.max(0, Math.floor(Date.now() / 1000 + skew - Number(age.dataset.at)));
  if (seconds < 120) age.firstElementChild.textContent = `${seconds} s`;
  else if (seconds < 3600) age.firstElementChild.textContent = `${Math.floor(seconds / 60)} min`;
}, 1000);
