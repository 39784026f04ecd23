// A tab that shows the kiosk comes back to it after a minute without a touch, wherever its visitor went: but not from
// the settings, where a form may be half filled. The login is left like any page: the screen on the wall has no keys.
const IDLE = 60000;

if (location.pathname === "/kiosk") sessionStorage.setItem("kiosk", "1");
else if (sessionStorage.getItem("kiosk") && (!location.pathname.startsWith("/admin/") || location.pathname === "/admin/login")) {
  let timer = 0;
  const wait = () => {
    clearTimeout(timer);
    timer = setTimeout(() => location.assign("/kiosk"), IDLE);
  };
  for (const sign of ["pointerdown", "pointermove", "keydown", "wheel"]) addEventListener(sign, wait, { passive: true });
  wait();
}
