// Colours out of the style sheet, and what uPlot does not draw on its canvas: tints of phases, setpoint, lines of events.
const GRAVE = new Set([10, 11]); // stopped is neutral: a third of black would hide the curves

const root = document.documentElement;
const inks = new Map();
export function ink(name) {
  if (!inks.has(name)) inks.set(name, getComputedStyle(root).getPropertyValue(`--${name}`).trim());
  return inks.get(name);
}

const looks = new Map();
export function look(code) {
  if (!looks.has(code)) {
    const item = document.querySelector(`.phases [data-phase="${code}"]`) ?? document.querySelector('.phases [data-phase="0"]');
    const style = getComputedStyle(item.firstElementChild);
    looks.set(code, { fill: code ? style.backgroundColor : null, text: style.color, sign: item.dataset.sign, words: item.dataset.words });
  }
  return looks.get(code);
}

export function forget() {
  inks.clear();
  looks.clear();
}

export function runs(body) {
  const { t, p } = body.phases;
  const end = Math.min(body.to, body.last ?? body.to) - body.from;
  return p.map((phase, i) => ({ phase, from: body.from + t[i], to: body.from + (t[i + 1] ?? end) }));
}

function clipped(u, draw) {
  const { ctx, bbox } = u;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  draw(ctx, bbox, (ts) => u.valToPos(ts, "x", true));
  ctx.restore();
}

export function tint(u, body) {
  clipped(u, (ctx, bbox, at) => {
    for (const run of runs(body)) {
      const { fill } = look(run.phase);
      if (!fill) continue;
      ctx.globalAlpha = GRAVE.has(run.phase) ? 0.3 : 0.15;
      ctx.fillStyle = fill;
      ctx.fillRect(at(run.from), bbox.top, at(run.to) - at(run.from), bbox.height);
    }
  });
}

function upright(ctx, bbox, x) {
  ctx.beginPath();
  ctx.moveTo(x, bbox.top);
  ctx.lineTo(x, bbox.top + bbox.height);
  ctx.stroke();
}

export function lines(u, { body, notes, setpoint }) {
  const ratio = devicePixelRatio;
  clipped(u, (ctx, bbox, at) => {
    ctx.lineWidth = ratio;
    ctx.setLineDash([6 * ratio, 4 * ratio]);
    ctx.strokeStyle = ink("water");
    ctx.globalAlpha = 0.7;
    const y = Math.round(u.valToPos(setpoint, "y", true));
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.globalAlpha = 1;
    ctx.strokeStyle = ctx.fillStyle = ink("bad");
    for (const flag of body.flags) {
      const x = Math.round(at(body.from + flag.t)), end = at(flag.end === null ? body.last ?? body.to : body.from + flag.end);
      upright(ctx, bbox, x);
      ctx.fillRect(x, bbox.top, Math.max(2 * ratio, end - x), 4 * ratio);
    }
    ctx.strokeStyle = ink("link");
    for (const note of notes) upright(ctx, bbox, Math.round(at(note.t)));
  });
}
