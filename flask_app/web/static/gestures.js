// Wheel, fingers and keys on the chart; a mouse that drags is uPlot's own.
import { reset, show, slide, view, zoom } from "./view.js";

export function wheel(over) {
  over.addEventListener("wheel", (event) => {
    if (event.ctrlKey && event.deltaY === 0) return;
    event.preventDefault();
    const sideways = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY);
    if (sideways) slide((event.deltaX || event.deltaY) / 1000);
    else zoom(event.offsetX / over.clientWidth, 1.0018 ** Math.max(-200, Math.min(200, event.deltaY)));
  }, { passive: false });
  over.addEventListener("dblclick", reset);
}

// One finger slides, two pinch; up and down still scroll the page (touch-action in the style sheet).
export function fingers(over) {
  const at = new Map();
  let start = null;
  const place = (event) => (event.clientX - over.getBoundingClientRect().left) / over.clientWidth;
  const begin = () => (start = { from: view.from, to: view.to, at: [...at.values()] });

  over.addEventListener("pointerdown", (event) => {
    if (event.pointerType !== "touch") return;
    at.set(event.pointerId, place(event));
    begin();
  });
  over.addEventListener("pointermove", (event) => {
    if (!at.has(event.pointerId)) return;
    at.set(event.pointerId, place(event));
    const span = start.to - start.from, [a, b] = start.at, [c, d] = [...at.values()];
    if (at.size === 1 && Math.abs(c - a) > 0.02) show(start.from + (a - c) * span, start.to + (a - c) * span);
    if (at.size !== 2 || Math.abs(b - a) < 0.05 || Math.abs(d - c) < 0.05) return;
    const wide = (span * Math.abs(b - a)) / Math.abs(d - c), fixed = start.from + ((a + b) / 2) * span;
    show(fixed - ((c + d) / 2) * wide, fixed + (1 - (c + d) / 2) * wide);
  });
  for (const end of ["pointerup", "pointercancel"]) over.addEventListener(end, (event) => at.delete(event.pointerId) && begin());
}

// `step(columns)` moves the cursor; Home and End send it to the edges.
export function keys(box, step) {
  const does = {
    ArrowLeft: (event) => step(event.shiftKey ? -30 : -1),
    ArrowRight: (event) => step(event.shiftKey ? 30 : 1),
    Home: () => step(-Infinity),
    End: () => step(Infinity),
    PageUp: () => slide(-1),
    PageDown: () => slide(1),
    "+": () => zoom(0.5, 0.5),
    "=": () => zoom(0.5, 0.5),
    "-": () => zoom(0.5, 2),
    0: reset,
    Escape: reset,
  };
  box.addEventListener("keydown", (event) => {
    if (!(event.key in does) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    does[event.key](event);
  });
}
