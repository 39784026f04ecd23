// The stretch of time in view: who changes it calls show(), who depends on it listens. Its address is a permalink.
const place = document.getElementById("chart").dataset;
const SHORTEST = 600, LONGEST = 10 * 366 * 86400, SETTLED = 120;

const first = { from: Number(place.from), to: Number(place.to), live: place.live === "1" };
export const view = { ...first };
const moved = [], settled = [];
let timer = 0;

// `now(view)` at each step of a gesture, `then(view)` once it rests.
export function onView(now, then) {
  moved.push(now);
  settled.push(then);
}

export function show(from, to) {
  const now = Date.now() / 1000 + 60, span = Math.max(SHORTEST, Math.min(to - from, LONGEST));
  const end = Math.min(to, Math.max(now, first.to));
  Object.assign(view, { from: Math.max(0, end - span), to: end, live: end >= now - 60 });
  for (const listener of moved) listener(view);
  clearTimeout(timer);
  timer = setTimeout(() => {
    history.replaceState(null, "", permalink());
    for (const listener of settled) listener(view);
  }, SETTLED);
}

export function zoom(share, by) {
  const fixed = view.from + share * (view.to - view.from), span = Math.max(SHORTEST, (view.to - view.from) * by);
  show(fixed - share * span, fixed + (1 - share) * span);
}

export const slide = (share) => show(view.from + share * (view.to - view.from), view.to + share * (view.to - view.from));
export const reset = () => show(first.from, first.to);

// The right edge follows the present; the address stays what it is.
export function follow(end) {
  if (end <= view.to) return;
  [view.from, view.to] = [view.from + end - view.to, end];
}

export function permalink(from = view.from, to = view.to) {
  const other = new URLSearchParams(location.search).get("with");
  return `/charts/?from=${Math.max(0, Math.floor(from))}&to=${Math.ceil(to)}${other ? `&with=${other}` : ""}`;
}
