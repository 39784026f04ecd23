// The chart of the history: asks the API for what is seen, hands it to uPlot, and keeps the read-out.
import { poll } from "./live.js";
import { listen } from "./gestures.js";
import { flags, fitted, forget, ink, lanes, look, runs, tint } from "./paint.js";

const TEMPERATURES = ["water", "flue", "box", "spare"];
const place = document.getElementById("chart"), readout = document.getElementById("readout");
const words = document.getElementById("words").dataset, language = document.documentElement.lang;
const zone = place.dataset.zone, buttons = [...document.querySelectorAll(".curve")];
const motorNames = Object.fromEntries([...document.querySelectorAll("[data-motor]")].map((item) => [item.dataset.motor, item.textContent]));
let from = Number(place.dataset.from), to = Number(place.dataset.to), live = place.dataset.live === "1";
let body = null, times = [], plot = null, lane = null, timer = 0, asked = 0;

const shown = () => buttons.filter((button) => button.getAttribute("aria-pressed") === "true").map((button) => button.dataset.role);
const moment = new Intl.DateTimeFormat(language, { timeZone: zone, weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });

function data() {
  const columns = [times];
  for (const role of TEMPERATURES) {
    const { v, lo, hi } = body.series[role];
    for (const column of [v, lo ?? v, hi ?? v]) columns.push(column.map((value) => (value === null ? null : value / 10)));
  }
  return columns;
}

function series() {
  const list = [{}];
  for (const role of TEMPERATURES) {
    const show = shown().includes(role);
    list.push({ scale: "y", show, stroke: () => ink(role), width: 2, dash: role === "water" ? [] : [8, 4], points: { show: false } });
    for (let edge = 0; edge < 2; edge += 1) list.push({ scale: "y", show, stroke: "transparent", width: 0, points: { show: false } });
  }
  return list;
}

const axis = { stroke: () => ink("soft"), grid: { stroke: () => ink("line"), width: 1 }, ticks: { show: false }, font: "12px system-ui, sans-serif" };
const hour = new Intl.DateTimeFormat(language, { timeZone: zone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const date = new Intl.DateTimeFormat(language, { timeZone: zone, day: "numeric", month: "short" });

function labels(u, splits) {
  const step = splits.length > 1 ? splits[1] - splits[0] : 0;
  return splits.map((ts, i) => {
    const d = new Date(ts * 1000), day = date.format(d);
    if (step >= 86400) return day;
    const before = i > 0 ? date.format(new Date(splits[i - 1] * 1000)) : "";
    return day === before ? hour.format(d) : `${hour.format(d)}\n${day}`;
  });
}

function build() {
  place.replaceChildren();
  const box = document.createElement("div");
  box.tabIndex = 0;
  box.setAttribute("role", "img");
  box.setAttribute("aria-label", words.summary);
  place.append(box);
  plot = new uPlot({
    width: place.clientWidth - 12,
    height: Math.max(230, Math.min(420, Math.round(innerHeight * 0.45))),
    legend: { show: false },
    tzDate: (ts) => uPlot.tzDate(new Date(ts * 1000), zone),
    scales: { x: { time: true, range: () => [from, to] }, y: { range: (u, low, high) => (low === null ? [0, 100] : uPlot.rangeNum(low, high, 0.08, true)) } },
    axes: [{ ...axis, space: 64, size: 42, values: labels }, { ...axis, size: 48, values: (u, splits) => splits.map((value) => `${value}°`) }],
    series: series(),
    bands: TEMPERATURES.map((role, i) => ({ series: [3 * i + 3, 3 * i + 2], fill: () => `${ink(role)}38` })),
    cursor: { y: false, drag: { x: true, y: false, setScale: false }, points: { size: 8 } },
    hooks: {
      drawClear: [(u) => tint(u, body)],
      draw: [(u) => { flags(u, body); if (lane) lanes(lane, u, body, times, motorNames); }],
      setCursor: [read],
      setSelect: [(u) => {
        if (u.select.width < 8) return;
        const range = [u.posToVal(u.select.left, "x"), u.posToVal(u.select.left + u.select.width, "x")];
        u.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
        show(...range);
      }],
    },
  }, data(), box);
  lane = document.createElement("canvas");
  lane.setAttribute("aria-hidden", "true");
  box.append(lane);
  lanes(lane, plot, body, times, motorNames);
  listen(plot.over, () => [from, to], show, zoom);
  box.addEventListener("keydown", keys);
}

function draw() {
  for (const button of buttons) button.hidden = !body.series[button.dataset.role].v.some((value) => value !== null);
  if (!plot && !body.n) return;
  if (!plot) build();
  else plot.setData(data());
  read(plot);
}

async function load() {
  const turn = (asked += 1);
  const width = Math.max(50, Math.min(2000, Math.round(place.clientWidth - 60)));
  const answer = await fetch(`/api/v1/series?from=${Math.floor(from)}&to=${Math.ceil(to)}&width=${width}`);
  if (!answer.ok || turn !== asked) return;
  body = await answer.json();
  times = body.t ?? Array.from({ length: body.n }, (_, i) => body.from + i * body.step);
  draw();
}

function show(start, end) {
  const now = Date.now() / 1000 + 60, span = Math.max(600, Math.min(end - start, 10 * 366 * 86400));
  end = Math.min(end, Math.max(now, to));
  [from, to, live] = [Math.max(0, end - span), end, end >= now];
  if (plot) plot.setData(plot.data);
  clearTimeout(timer);
  timer = setTimeout(() => {
    const start = Math.floor(from), end = Math.ceil(to), length = end - start;
    history.replaceState(null, "", `/charts/?from=${start}&to=${end}`);
    document.querySelector(".button[aria-current]")?.removeAttribute("aria-current");
    document.getElementById("window").textContent = `${moment.format(start * 1000)} – ${moment.format(end * 1000)}`;
    document.getElementById("before").href = `/charts/?from=${Math.max(0, start - length)}&to=${start}`;
    load();
  }, 200);
}

function zoom(share, by) {
  const fixed = from + share * (to - from), span = Math.max(600, (to - from) * by);
  show(fixed - share * span, fixed + (1 - share) * span);
}

function read(u) {
  const i = u.cursor.idx ?? body.n - 1, parts = [];
  if (i < 0 || times[i] === undefined) return void (readout.textContent = body.n ? "" : words.empty);
  for (const button of buttons) {
    const value = body.series[button.dataset.role].v[i];
    if (value !== null && shown().includes(button.dataset.role))
      parts.push(`${button.dataset.words} ${(value / 10).toLocaleString(language, { minimumFractionDigits: 1 })} °C`);
  }
  const run = runs(body).find(({ from, to }) => from <= times[i] && times[i] < to);
  if (run) parts.push(look(run.phase).words);
  for (const role of fitted(body)) if (body.series[role].v[i] > 0) parts.push(`${motorNames[role]} ${body.series[role].v[i]} %`);
  readout.textContent = `${moment.format(times[i] * 1000)} — ${parts.join(", ")}`;
}

function keys(event) {
  const steps = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (steps) {
    const i = Math.max(0, Math.min(body.n - 1, (plot.cursor.idx ?? body.n - 1) + steps * (event.shiftKey ? 30 : 1)));
    plot.setCursor({ left: plot.valToPos(times[i], "x"), top: 10 });
  } else if (event.key === "+" || event.key === "=") zoom(0.5, 0.5);
  else if (event.key === "-") zoom(0.5, 2);
  else return;
  event.preventDefault();
}

function start() {
  for (const button of buttons) button.addEventListener("click", () => {
    button.setAttribute("aria-pressed", button.getAttribute("aria-pressed") !== "true");
    const i = 3 * TEMPERATURES.indexOf(button.dataset.role);
    for (let edge = 1; edge <= 3; edge += 1) plot?.setSeries(i + edge, { show: shown().includes(button.dataset.role) });
    if (plot) read(plot);
  });
  new ResizeObserver(() => { if (plot && Math.abs(plot.width - place.clientWidth + 12) > 2) plot.setSize({ width: place.clientWidth - 12, height: plot.height }); }).observe(place);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { forget(); plot?.redraw(); });
  poll(() => `/api/v1/live?s=water&after=${Math.floor(Math.max((body?.last ?? 0) - 60, Date.now() / 1000 - 3600))}`, async (answer, fresh) => {
    if (!fresh) return;
    const { tail } = await answer.json();
    if (!live || !body || tail.last === body.last) return;
    const end = Math.max(to, tail.last + 60);
    [from, to] = [from + end - to, end];
    return load();
  }, (lost) => (document.getElementById("offline").hidden = !lost));
  load();
}

// Without uPlot (missing or altered) the plain drawing of the page stays.
if (window.uPlot) start();
