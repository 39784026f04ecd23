// uPlot: one x axis, for each temperature its mean, its lowest and highest as a band, and its ghost.
import { day, hour, month, zone } from "./zone.js";
import { aligned } from "./ghost.js";
import { ink, lines, tint } from "./paint.js";
import { show, view } from "./view.js";

// In the order of drawing: the water lies on top.
const TEMPERATURES = ["flue", "box", "spare", "water"];
const EACH = 4; // mean, low, high, ghost
export const GHOST = EACH * TEMPERATURES.indexOf("water") + 4;
const DENSE = 4 * 86400; // seconds from which dashes only blur
const DASHES = { water: [], flue: [8, 4], box: [2, 3], spare: [12, 4, 3, 4] };

const tenths = (column) => column.map((value) => (value === null ? null : value / 10));

export function columns(body, times, ghost) {
  const found = [times];
  for (const role of TEMPERATURES) {
    const { v, lo, hi } = body.series[role];
    const filled = (column) => tenths(column).concat(Array(times.length - column.length).fill(null));
    found.push(filled(v), filled(lo ?? v), filled(hi ?? v));
    const other = ghost?.body.series[role].v;
    found.push(other?.length ? aligned(times, ghost.times, ghost.body.step, tenths(other)) : Array(times.length).fill(null));
  }
  return found;
}

function series(shown) {
  const found = [{}];
  for (const role of TEMPERATURES) {
    const show = shown.includes(role), hidden = { scale: "y", show, stroke: "transparent", width: 0, points: { show: false } };
    found.push({ scale: "y", show, stroke: () => ink(role), width: 2, dash: DASHES[role], points: { show: false } });
    found.push(hidden, { ...hidden }, { scale: "y", show, stroke: () => `${ink(role)}99`, width: 1.5, dash: [2, 4], points: { show: false } });
  }
  return found;
}

function labels(u, splits) {
  const step = splits.length > 1 ? splits[1] - splits[0] : 0;
  if (step >= 27 * 86400) return splits.map(month);
  if (step >= 80000) return splits.map(day);
  return splits.map((ts, i) => (i > 0 && day(splits[i - 1]) === day(ts) ? hour(ts) : `${hour(ts)}\n${day(ts)}`));
}

const wide = () => innerWidth >= 700;
const axis = { stroke: () => ink("soft"), grid: { stroke: () => ink("line"), width: 1 }, ticks: { show: false }, font: "12px system-ui, sans-serif" };
const height = () => Math.max(230, Math.min(440, Math.round(innerHeight * 0.44)));

// `state` has body, times, ghost and setpoint; `read` is told when the cursor moves, `drawn` when all is painted.
export function build(box, state, shown, read, drawn) {
  const plot = new uPlot({
    width: box.clientWidth,
    height: height(),
    padding: [10, 12, 0, 0],
    legend: { show: false },
    tzDate: (ts) => uPlot.tzDate(new Date(ts * 1000), zone),
    scales: {
      x: { time: true, range: () => [view.from, view.to] },
      y: { range: (u, low, high) => (low === null ? [0, 100] : uPlot.rangeNum(low, high, 0.08, true)) },
    },
    axes: [
      { ...axis, space: 70, size: 44, values: labels },
      { ...axis, size: () => (wide() ? 118 : 40), values: (u, splits) => splits.map((value) => `${value}°`) },
    ],
    series: series(shown),
    bands: TEMPERATURES.map((role, i) => ({ series: [EACH * i + 3, EACH * i + 2], fill: () => `${ink(role)}38` })),
    cursor: { y: false, drag: { x: true, y: false, setScale: false }, points: { size: 8 } },
    hooks: {
      drawClear: [(u) => {
        const dense = view.to - view.from > DENSE;
        TEMPERATURES.forEach((role, i) => Object.assign(u.series[EACH * i + 1], { dash: dense ? [] : DASHES[role] }));
        tint(u, state.body);
      }],
      draw: [(u) => { lines(u, state); drawn(u); }],
      setCursor: [read],
      setSelect: [(u) => {
        if (u.select.width < 8) return;
        const range = [u.posToVal(u.select.left, "x"), u.posToVal(u.select.left + u.select.width, "x")];
        u.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
        show(...range);
      }],
    },
  }, columns(state.body, state.times, state.ghost), box);
  new ResizeObserver(() => { if (Math.abs(plot.width - box.clientWidth) > 2) plot.setSize({ width: box.clientWidth, height: height() }); }).observe(box);
  return plot;
}

export function reveal(plot, role, show) {
  const i = EACH * TEMPERATURES.indexOf(role);
  for (let part = 1; part <= EACH; part += 1) plot.setSeries(i + part, { show });
}
