// The solid strip of phases and the lanes of the motors, on a canvas of their own that shares the chart's x axis.
import { ink, look, runs } from "./paint.js";

const STRIP = 30, LANE = 22, GAP = 6;
const MOTORS = ["primary_fan", "secondary_fan", "auger", "igniter"];

export const fitted = (body) => MOTORS.filter((role) => body.series[role]?.v.some((value) => value !== null));

export function lanes(canvas, u, { body, times }, names) {
  const motors = fitted(body), ratio = devicePixelRatio;
  const left = u.bbox.left / ratio, width = u.bbox.width / ratio, height = STRIP + motors.length * (LANE + GAP) + GAP;
  canvas.width = Math.round(u.width * ratio);
  canvas.height = Math.round(height * ratio);
  canvas.style.width = `${u.width}px`;
  canvas.style.height = `${height}px`;
  const ctx = canvas.getContext("2d");
  ctx.scale(ratio, ratio);
  const at = (ts) => Math.max(left, Math.min(left + width, u.valToPos(ts, "x") + left));
  ctx.font = "600 13px system-ui, sans-serif";
  ctx.textBaseline = "middle";
  for (const run of runs(body)) block(ctx, at(run.from), at(run.to), look(run.phase));
  motors.forEach((role, i) => lane(ctx, { body, times, role, words: names[role], top: STRIP + GAP + i * (LANE + GAP), at, left, width }));
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
  if (width > 3) {
    ctx.strokeStyle = ink("edge");
    ctx.lineWidth = 1;
    ctx.strokeRect(x + 0.5, 0.5, width, STRIP - 1);
  }
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
function lane(ctx, { body, times, role, words, top, at, left, width }) {
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
  name(ctx, words, top, left);
}

// In the margin where there is one, else over the lane's beginning.
function name(ctx, words, top, left) {
  ctx.font = "12px system-ui, sans-serif";
  const beside = left > 100, wide = ctx.measureText(words).width;
  if (!beside) {
    ctx.globalAlpha = 0.8;
    ctx.fillStyle = ink("card");
    ctx.fillRect(left + 2, top + 3, wide + 8, 17);
    ctx.globalAlpha = 1;
  }
  ctx.fillStyle = beside ? ink("soft") : ink("ink");
  ctx.textAlign = beside ? "right" : "left";
  ctx.fillText(words, beside ? left - 8 : left + 6, top + 12);
}
