// What the stretch in view amounts to, beside what it is compared with.
import { fitted } from "./lanes.js";
import { look } from "./paint.js";
import { number, span } from "./zone.js";

async function reckoned(from, to) {
  const answer = await fetch(`/api/v1/statistics?from=${Math.max(0, Math.floor(from))}&to=${Math.ceil(to)}`);
  return answer.ok ? answer.json() : null;
}

const element = (name, ...content) => {
  const found = document.createElement(name);
  found.append(...content);
  return found;
};

// Each line: its name, and its words for each stretch; what no stretch has makes no line.
function table(title, lines, heads) {
  const body = lines.filter(([, ...cells]) => cells.some(Boolean)).map(([name, ...cells]) => {
    const head = element("th", name);
    head.scope = "row";
    return element("tr", head, ...cells.map((cell) => element("td", cell ?? "")));
  });
  if (!body.length) return "";
  const top = element("tr", element("td"), ...heads.map((head) => element("th", head)));
  const rows = element("table", ...(heads.length > 1 ? [element("thead", top)] : []), element("tbody", ...body));
  return element("div", element("h3", title), rows);
}

const degrees = ({ min, mean, max } = {}) => (min == null ? null : `${number(min)} · ${number(mean)} · ${number(max)}`);

export async function account(place, { from, to }, back, { body }, motors, curves) {
  const stretches = [[from, to], ...(back === null ? [] : [[from - back, to - back]])];
  const all = await Promise.all(stretches.map((stretch) => reckoned(...stretch)));
  if (!all[0]?.minutes) return void (place.hidden = true);
  const { minimum, time, runs, starts, here, other } = place.dataset, heads = [here, other].slice(0, all.length);
  const each = (tell) => all.map((one) => one && tell(one));
  const codes = [...new Set(all.flatMap((one) => Object.keys(one?.phases ?? {})))].sort((a, b) => (all[0].phases[b] ?? 0) - (all[0].phases[a] ?? 0));
  place.replaceChildren(
    table(`${minimum} (°C)`, curves.map(({ dataset }) => [dataset.words, ...each((one) => degrees(one.series[dataset.role]))]), heads),
    table(time, codes.map((code) => [`${look(code).sign} ${look(code).words}`, ...each((one) => one.phases[code] && span(60 * one.phases[code]))]), heads),
    table(runs, [[starts, ...each((one) => String(one.ignitions))], ...fitted(body).map((role) => [motors[role], ...each((one) => one.series[role].on != null && `${number(one.series[role].on)} h`)])], heads),
  );
  place.hidden = false;
}
