// What leaves the page: a picture of the chart, and paper.
import { forget, ink } from "./paint.js";

const TITLE = 40;

// Both canvases on one background: a transparent picture is black in many viewers.
function picture(canvases, title) {
  const all = document.createElement("canvas"), ratio = devicePixelRatio;
  all.width = canvases[0].width;
  all.height = canvases.reduce((sum, { height }) => sum + height, TITLE * ratio);
  const ctx = all.getContext("2d");
  ctx.fillStyle = ink("card");
  ctx.fillRect(0, 0, all.width, all.height);
  ctx.fillStyle = ink("ink");
  ctx.font = `${15 * ratio}px system-ui, sans-serif`;
  ctx.textBaseline = "middle";
  ctx.fillText(title, 12 * ratio, (TITLE / 2) * ratio);
  let top = TITLE * ratio;
  for (const canvas of canvases) {
    ctx.drawImage(canvas, 0, top);
    top += canvas.height;
  }
  return all;
}

export function offerPicture(button, canvases, title, name) {
  button.hidden = false;
  button.addEventListener("click", () => picture(canvases(), title()).toBlob((blob) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name();
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }));
}

// On paper the chart is drawn in the light colours, whatever the screen shows.
export function preparePaper(redraw) {
  const root = document.documentElement;
  let theme = null;
  addEventListener("beforeprint", () => {
    theme = root.dataset.theme ?? "";
    root.dataset.theme = "light";
    forget();
    redraw();
  });
  addEventListener("afterprint", () => {
    if (theme) root.dataset.theme = theme;
    else delete root.dataset.theme;
    forget();
    redraw();
  });
}
