// On paper the chart is drawn in the light colours, whatever the screen shows.
import { forget } from "./paint.js";

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
