// The form of a note: of the moment under the cursor; one that was refused stands as it was typed.
import { permalink } from "./view.js";

// `moment` gives what its field says, `whole` comes once the page has its height.
export function offer(moment, whole) {
  const place = document.getElementById("note");
  if (location.pathname === "/notes/") {
    history.replaceState(null, "", permalink());
    return whole.then(() => place.scrollIntoView());
  }
  place.addEventListener("toggle", () => {
    place.querySelector('[name="at"]').value = moment();
    place.querySelector('[name="back"]').value = location.pathname + location.search;
  });
}
