// The flags above the chart: alerts and the household's notes, each a button that tells its story.
import { moment } from "./zone.js";

const APART = 26; // pixels under which neighbours share a flag

const story = document.createElement("div");
story.className = "story";
story.hidden = true;
story.setAttribute("role", "status");

function gathered(u, { body, notes }) {
  const kinds = document.getElementById("words").dataset;
  const found = body.flags.map((flag) => ({ t: Math.max(body.from + flag.t, u.scales.x.min), alert: flag.id, open: flag.end === null, words: kinds.alert }));
  for (const note of notes) found.push({ t: note.t, note, words: note.name });
  const groups = [];
  for (const event of found.sort((a, b) => a.t - b.t)) {
    const x = u.valToPos(event.t, "x");
    if (x < -1 || x > u.over.clientWidth) continue;
    if (groups.length && x - groups.at(-1).x < APART) groups.at(-1).events.push(event);
    else groups.push({ x, events: [event] });
  }
  return groups;
}

function line(note) {
  const item = document.createElement("p"), title = document.createElement("b");
  title.textContent = note.name;
  item.append(title, ` ${moment(note.t)} `, note.words);
  if (document.getElementById("note")) item.append(removal(note.id));
  return item;
}

function removal(id) {
  const form = document.getElementById("remove").content.firstElementChild.cloneNode(true);
  form.action = `/notes/${id}/remove`;
  form.querySelector('[name="back"]').value = location.pathname + location.search;
  return form;
}

async function tell(button, events) {
  const parts = await Promise.all(events.slice(0, 5).map(async (event) => {
    if (event.note) return line(event.note);
    const answer = await fetch(`/charts/story/${event.alert}`);
    return new DOMParser().parseFromString(await answer.text(), "text/html").body.firstElementChild;
  }));
  if (events.length > parts.length) parts.push(document.createTextNode(`… +${events.length - parts.length}`));
  story.replaceChildren(...parts);
  story.hidden = false;
  const room = button.parentElement.clientWidth;
  story.style.left = `${Math.max(0, Math.min(button.offsetLeft - 20, room - story.offsetWidth))}px`;
}

export function events(lane, u, state) {
  const shown = lane.dataset.shown, groups = gathered(u, state);
  const now = JSON.stringify(groups.map(({ x, events }) => [Math.round(x), events.length]));
  if (shown === now) return;
  lane.dataset.shown = now;
  lane.hidden = !groups.length;
  story.hidden = true;
  lane.replaceChildren(story, ...groups.map(({ x, events }) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = events.some(({ alert }) => alert) ? "flag bad" : "flag";
    button.textContent = events.length > 1 ? events.length : events[0].note ? { fill: "▼", cleaning: "✚" }[events[0].note.kind] ?? "✎" : "⚑";
    button.setAttribute("aria-label", `${[...new Set(events.map(({ words }) => words))].join(", ")}, ${moment(events[0].t)}`);
    button.style.left = `${x + u.over.offsetLeft}px`;
    button.addEventListener("click", () => (story.hidden || story.dataset.x !== String(x) ? tell(button, events) : (story.hidden = true), (story.dataset.x = x)));
    return button;
  }));
}

addEventListener("keydown", (event) => { if (event.key === "Escape") story.hidden = true; });
