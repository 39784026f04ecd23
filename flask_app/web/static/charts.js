// The history: asks the API for what is in view, and hands it to the parts that draw and tell it.
import { events } from "./events.js";
import { fingers, keys, wheel } from "./gestures.js";
import * as ghost from "./ghost.js";
import { lanes } from "./lanes.js";
import { poll } from "./live.js";
import { forget } from "./paint.js";
import { preparePaper } from "./paper.js";
import { build, columns, reveal } from "./plot.js";
import { tell } from "./readout.js";
import { account } from "./statistics.js";
import { follow, onView, permalink, view } from "./view.js";
import { field, moment } from "./zone.js";

const place = document.getElementById("chart"), words = document.getElementById("words").dataset;
const byId = (id) => document.getElementById(id), curves = [...document.querySelectorAll(".curve")];
const motors = Object.fromEntries([...document.querySelectorAll("[data-motor]")].map((item) => [item.dataset.motor, item.textContent]));
const state = { body: null, times: [], ghost: null, notes: [], setpoint: Number(place.dataset.setpoint) };
let plot = null, strip = null, flags = null, turn = 0;

const shown = () => curves.filter((curve) => curve.getAttribute("aria-pressed") === "true").map((curve) => curve.dataset.role);
const told = () => tell(byId("readout"), plot, state, curves, motors, words);

function drawn(u) {
  if (strip) lanes(strip, u, state, motors);
  if (flags) events(flags, u, state);
}

function start() {
  const box = document.createElement("div");
  box.tabIndex = 0;
  box.className = "drawing";
  box.setAttribute("role", "img");
  box.setAttribute("aria-label", words.summary);
  flags = document.createElement("div");
  flags.className = "flags";
  place.replaceChildren(flags, box);
  plot = build(box, state, shown(), told, drawn);
  strip = document.createElement("canvas");
  strip.className = "strip";
  box.append(strip);
  drawn(plot);
  wheel(plot.over);
  fingers(plot.over);
  keys(box, step);
  for (const part of document.querySelectorAll(".scripted")) part.hidden = false;
}

function step(by) {
  const last = state.body.n - 1, i = Math.max(0, Math.min(last, (plot.cursor.idx ?? last) + by));
  plot.setCursor({ left: plot.valToPos(state.times[i], "x"), top: 10 });
}

function draw() {
  for (const curve of curves) curve.hidden = !state.body.series[curve.dataset.role].v.some((value) => value !== null);
  if (!plot && !state.body.n && !state.ghost) return;
  if (!plot) start();
  else plot.setData(columns(state.body, state.times, state.ghost));
  told();
}

const timesOf = (body) => body.t ?? Array.from({ length: body.n }, (_, i) => body.from + i * body.step);

async function ask(from, to, width) {
  const answer = await fetch(`/api/v1/series?from=${Math.max(0, Math.floor(from))}&to=${Math.ceil(to)}&width=${width}`);
  return answer.ok ? answer.json() : null;
}

async function remember(from, to) {
  const answer = await fetch(`/charts/notes?from=${Math.max(0, Math.floor(from))}&to=${Math.ceil(to)}`);
  return answer.ok ? (await answer.json()).notes : [];
}

async function load() {
  const mine = (turn += 1), { from, to } = view, back = ghost.shift();
  const width = Math.max(50, Math.min(2000, Math.round(place.clientWidth - 60)));
  const [body, other, notes] = await Promise.all([ask(from, to, width), back === null ? null : ask(from - back, to - back, width), remember(from, to)]);
  if (!body || mine !== turn) return;
  Object.assign(state, { body, notes, times: timesOf(body), ghost: null });
  if (other) {
    state.ghost = { body: other, times: timesOf(other).map((ts) => ts + back) };
    // What is compared may reach into the future of what is in view.
    const last = state.times.at(-1) ?? -Infinity;
    state.times = state.times.concat(state.ghost.times.filter((ts) => ts > last && ts < to));
  }
  draw();
  await account(byId("statistics"), { from, to }, back, state, motors, curves);
}

function addresses() {
  const { from, to } = view, length = to - from;
  document.querySelector(".ranges [aria-current]")?.removeAttribute("aria-current");
  byId("window").textContent = `${moment(from)} – ${moment(to)}`;
  byId("before").href = permalink(from - length, from);
  byId("csv").href = `/api/v1/minutes.csv?from=${Math.floor(from)}&to=${Math.ceil(to)}`;
  const after = byId("after");
  if (from + length < Date.now() / 1000) after.href = permalink(to, to + length);
  else after.removeAttribute("href");
  for (const link of document.querySelectorAll("footer .choice")) {
    const own = new URLSearchParams(link.search), chosen = ["lang", "theme"].find((name) => own.has(name));
    link.search = `${permalink().split("?")[1]}&${chosen}=${own.get(chosen)}`;
    link.pathname = "/charts/";
  }
}

function repaint() {
  forget();
  if (!plot) return;
  plot.redraw(false, true);
}

function listen() {
  for (const curve of curves) curve.addEventListener("click", () => {
    const show = curve.getAttribute("aria-pressed") !== "true";
    curve.setAttribute("aria-pressed", show);
    if (!plot) return;
    reveal(plot, curve.dataset.role, show);
    told();
  });
  onView(() => plot?.setData(plot.data), () => { addresses(); load(); refreshTable(); });
  ghost.offer(() => { load(); addresses(); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
  preparePaper(repaint);
  byId("png").addEventListener("click", async () => {
    const { save } = await import("./picture.js"), title = `${document.title} · ${byId("window").textContent}`;
    save([...place.querySelectorAll("canvas")], title, `chaudiere-${field(view.from).replace(":", "")}.png`);
  });
  byId("table").addEventListener("toggle", refreshTable);
}

// The table is the server's own: the page's address again, its table alone.
async function refreshTable() {
  const table = byId("table");
  if (!table.open || table.dataset.of === location.href) return;
  table.dataset.of = location.href;
  const answer = await fetch(location.href);
  const rows = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("#table table");
  if (answer.ok && rows) table.querySelector("table")?.replaceWith(rows);
}

function stay() {
  const after = () => Math.floor(Math.max((state.body?.last ?? 0) - 60, Date.now() / 1000 - 3600));
  poll(() => `/api/v1/live?s=water&after=${after()}`, async (answer, fresh) => {
    if (!fresh || !view.live || !state.body) return;
    const { tail } = await answer.json();
    // A column of an hour does not change by a minute.
    if (tail.last === null || tail.last - (state.body.last ?? 0) < Math.max(60, Math.min(state.body.step / 4, 900))) return;
    follow(tail.last + 60);
    await load();
  }, (lost) => (byId("offline").hidden = !lost));
}

// Without uPlot (missing or altered) the plain drawing of the page stays.
if (window.uPlot) {
  listen();
  const whole = load(), pointed = () => field(Math.min(Date.now() / 1000, state.times[plot?.cursor.idx] ?? view.to));
  if (byId("note")) import("./note.js").then(({ offer }) => offer(pointed, whole));
  stay();
}
