// What the cursor points at, in words; the newest column when it points at nothing.
import { fitted } from "./lanes.js";
import { look, runs } from "./paint.js";
import { GHOST } from "./plot.js";
import { moment, number } from "./zone.js";

export function tell(place, plot, { body, times, ghost }, curves, motors, words) {
  const i = plot?.cursor.idx ?? body.n - 1, parts = [];
  if (i < 0 || times[i] === undefined) return void (place.textContent = body.n ? "" : words.empty);
  for (const curve of curves) {
    const { v, lo, hi } = body.series[curve.dataset.role], value = v[i] ?? null;
    if (value === null || curve.getAttribute("aria-pressed") !== "true") continue;
    const about = lo && hi[i] - lo[i] >= 10 ? ` (${number(lo[i] / 10, 0)}–${number(hi[i] / 10, 0)})` : "";
    parts.push(`${curve.dataset.words} ${number(value / 10)} °C${about}`);
  }
  if (ghost && plot) {
    const other = plot.data[GHOST]?.[i];
    if (other != null) parts.push(`${words.compared} ${number(other)} °C`);
  }
  const run = runs(body).find(({ from, to }) => from <= times[i] && times[i] < to);
  if (run) parts.push(look(run.phase).words);
  for (const role of fitted(body)) if (body.series[role].v[i] > 0) parts.push(`${motors[role]} ${body.series[role].v[i]} %`);
  const text = `${moment(times[i])} — ${parts.join(" · ")}`;
  if (place.textContent !== text) place.textContent = text;
}
