// Another day, week or season laid under the chart, its curves only: which one, and how far back it is.
import { instant, wall } from "./zone.js";
import { view } from "./view.js";

const choice = document.getElementById("ghost"), date = document.getElementById("ghost-date");

export const asked = () => new URLSearchParams(location.search).get("with") ?? "";

// Seconds from the compared stretch to the one in view; null when nothing is compared.
export function shift() {
  const other = asked(), [year, month, day, ...time] = wall(view.from);
  const back = { day: [year, month, day - 1], week: [year, month, day - 7], year: [year - 1, month, day] }[other];
  const chosen = /^\d{4}-\d\d-\d\d$/.test(other) ? other.split("-").map(Number) : back;
  return chosen ? Math.round(view.from - instant([...chosen, ...time.map(Math.floor)]) - (view.from % 1)) : null;
}

// The values of `column` (of times `from`) at `times`: those of the compared column that each falls into.
export function aligned(times, from, step, column) {
  let j = 0;
  return times.map((ts) => {
    while (j + 1 < from.length && from[j + 1] <= ts) j += 1;
    return from[j] <= ts && ts < from[j] + step ? column[j] : null;
  });
}

function choose(other) {
  const address = new URL(location.href);
  if (other) address.searchParams.set("with", other);
  else address.searchParams.delete("with");
  history.replaceState(null, "", address);
}

export function offer(changed) {
  const other = asked(), own = /^\d/.test(other);
  choice.value = own ? "date" : other;
  date.hidden = !own;
  if (own) date.value = other;
  choice.addEventListener("change", () => {
    date.hidden = choice.value !== "date";
    if (choice.value === "date" && !date.value) return date.focus();
    choose(choice.value === "date" ? date.value : choice.value);
    changed();
  });
  date.addEventListener("change", () => {
    if (!date.value) return;
    choose(date.value);
    changed();
  });
}

