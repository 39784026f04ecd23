// Wheel, drag, pinch and keys on the chart. Each ends in show(from, to) or cursor(columns).
export function listen(over, bounds, show, zoomAround) {
  const fingers = new Map();
  let moved = null;

  over.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.shiftKey && Math.abs(event.deltaX) <= Math.abs(event.deltaY) && !event.altKey && document.activeElement !== over.closest("[tabindex]")) return;
    event.preventDefault();
    const [from, to] = bounds(), span = to - from;
    if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      const by = ((event.deltaX || event.deltaY) / 1000) * span;
      return show(from + by, to + by);
    }
    zoomAround(event.offsetX / over.clientWidth, event.deltaY > 0 ? 1.25 : 0.8);
  }, { passive: false });

  over.addEventListener("pointerdown", (event) => {
    if (event.pointerType !== "touch") return;
    fingers.set(event.pointerId, event.offsetX / over.clientWidth);
    moved = { at: [...fingers.values()], from: bounds() };
  });
  over.addEventListener("pointermove", (event) => {
    if (!fingers.has(event.pointerId) || fingers.size !== 2) return;
    fingers.set(event.pointerId, event.offsetX / over.clientWidth);
    const [a, b] = moved.at, [c, d] = [...fingers.values()];
    if (Math.abs(d - c) < 0.05 || Math.abs(b - a) < 0.05) return;
    const [from, to] = moved.from, span = ((to - from) * Math.abs(b - a)) / Math.abs(d - c);
    const fixed = from + ((a + b) / 2) * (to - from);
    show(fixed - ((c + d) / 2) * span, fixed + (1 - (c + d) / 2) * span);
  });
  for (const end of ["pointerup", "pointercancel"]) over.addEventListener(end, (event) => fingers.delete(event.pointerId));
}
