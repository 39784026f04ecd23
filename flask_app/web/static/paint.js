// What uPlot does not draw: the tints of the phases, the alert flags, the solid strip and the lanes of the motors.
const STRIP = 30, LANE = 24, GAP = 6;
const GRAVE = new Set([10, 11]); // stopped is neutral: a third of black would hide the curves
const MOTORS = ["primary_fan", "secondary_fan", "auger", "igniter"];

const root = document.documentElement;
export const ink = (name) => getComputedStyle(root).getPropertyValue(`--${name}`).trim();

const looks = new Map();
export function look(code) {
  if (!looks.has(code)) {
    const item = document.querySelector(`.phases [data-phase="${code}"]`) ?? document.querySelector('.phases [data-phase="0"]');
    const style = getComputedStyle(item.firstElementChild);
    looks.set(code, { fill: code ? style.backgroundColor : null, text: style.color, sign: item.dataset.sign, words: item.dataset.words });
  }
  return looks.get(code);
}
export const forget = () => looks.clear();

export function runs(body) {
  const { t, p } = body.phases;
  const end = Math.min(body.to, body.last ?? body.to) - body.from;
  return p.map((phase, i) => ({ phase, from: body.from + t[i], to: body.from + (t[i + 1] ?? end) }));
}

export function tint(u, body) {
  const { ctx, bbox } = u;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  for (const run of runs(body)) {
    const { fill } = look(run.phase);
    if (!fill) continue;
    const x = u.valToPos(run.from, "x", true), end = u.valToPos(run.to, "x", true);
    ctx.globalAlpha = GRAVE.has(run.phase) ? 0.3 : 0.15;
    ctx.fillStyle = fill;
    ctx.fillRect(x, bbox.top, end - x, bbox.height);
  }
  ctx.restore();
}

export function flags(u, body) {
  const { ctx, bbox } = u, size = 9 * devicePixelRatio;
  ctx.save();
  ctx.strokeStyle = ctx.fillStyle = ink("bad");
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([4 * devicePixelRatio, 3 * devicePixelRatio]);
  for (const flag of body.flags) {
    const x = Math.round(u.valToPos(body.from + flag.t, "x", true));
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x + size * 1.4, bbox.top + size / 2);
    ctx.lineTo(x, bbox.top + size);
    ctx.fill();
  }
  ctx.restore();
}

export const fitted = (body) => MOTORS.filter((role) => body.series[role]?.v.some((value) => value !== null));

// The strip and the lanes, in CSS pixels, on a canvas of their own that shares the chart's x axis.
export function lanes(canvas, u, body, times, names) {
  const motors = fitted(body), ratio = devicePixelRatio;
  const left = u.bbox.left / ratio, width = u.bbox.width / ratio;
  const height = STRIP + motors.length * (LANE + GAP) + GAP;
  canvas.width = u.width * ratio;
  canvas.height = height * ratio;
  canvas.style.width = `${u.width}px`;
  canvas.style.height = `${height}px`;
  const ctx = canvas.getContext("2d");
  ctx.scale(ratio, ratio);
  const at = (ts) => Math.max(left, Math.min(left + width, u.valToPos(ts, "x")+ left));
  ctx.font = "600 13px system-ui, sans-serif";
  ctx.textBaseline = "middle";
  for (const run of runs(body)) block(ctx, at(run.from), at(run.to), look(run.phase));
  motors.forEach((role, i) => lane(ctx, body, times, role, STRIP + GAP + i * (LANE + GAP), at, left, width, names[role]));
}

function block(ctx, x, end, { fill, text, sign, words }) {
  const width = end - x;
  if (width <= 0) return;
  ctx.save();
  ctx.beginPath();
  ctx.rect(x, 0, width, STRIP);
  ctx.clip();
  ctx.fillStyle = fill ?? ink("card");
  ctx.fillRect(x, 0, width, STRIP);
  if (!fill) hatch(ctx, x, end);
  ctx.strokeStyle = ink("ink");
  ctx.lineWidth = 1;
  ctx.strokeRect(x + 0.5, 0.5, width, STRIP - 1);
  ctx.fillStyle = text;
  ctx.textAlign = "center";
  const long = `${sign} ${words}`;
  if (ctx.measureText(long).width + 10 < width) ctx.fillText(long, x + width / 2, STRIP / 2);
  else if (width > 16) ctx.fillText(sign, x + width / 2, STRIP / 2);
  ctx.restore();
}

function hatch(ctx, x, end) {
  ctx.strokeStyle = ink("line");
  ctx.lineWidth = 2;
  for (let start = x - STRIP; start < end; start += 8) {
    ctx.beginPath();
    ctx.moveTo(start, STRIP);
    ctx.lineTo(start + STRIP, 0);
    ctx.stroke();
  }
}

// Filled runs: neighbours of one height are one rectangle, so that a busy day costs few calls.
function lane(ctx, body, times, role, top, at, left, width, words) {
  const values = body.series[role].v;
  ctx.fillStyle = ink("line");
  ctx.fillRect(left, top + LANE, width, 1);
  ctx.fillStyle = ink("soft");
  for (let i = 0; i < values.length; ) {
    let j = i + 1;
    while (j < values.length && values[j] === values[i]) j += 1;
    if (values[i] > 0) {
      const x = at(times[i]), high = Math.max(2, (LANE * values[i]) / 100);
      ctx.fillRect(x, top + LANE - high, Math.max(1, at(times[j] ?? times[j - 1] + body.step) - x), high);
    }
    i = j;
  }
  ctx.font = "12px system-ui, sans-serif";
  ctx.textAlign = "left";
  const wide = ctx.measureText(words).width;
  ctx.globalAlpha = 0.85;
  ctx.fillStyle = ink("card");
  ctx.fillRect(left + 2, top + 3, wide + 8, 17);
  ctx.globalAlpha = 1;
  ctx.fillStyle = ink("ink");
  ctx.fillText(words, left + 6, top + 12);
}
