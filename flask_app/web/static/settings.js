// On a phone the settings' pages are a row that scrolls: the one shown is brought into sight.
const here = document.querySelector(".sub [aria-current]");
if (here) here.parentElement.scrollLeft = here.offsetLeft - (here.parentElement.clientWidth - here.offsetWidth) / 2;
