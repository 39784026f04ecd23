// A tab of the kiosk is back on it after a minute without a touch, but for the forms of the settings.
const IDLE = 60000;

if (location.pathname === "/kiosk") sessionStorage.setItem("kiosk", "1");
else if (sessionStorage.getItem("kiosk") && !/^\/admin\/(?!login)/.test(location.pathname)) {
  let timer = 0;
  const wait = () => {
    clearTimeout(timer);
    timer = setTimeout(() => location.assign("/kiosk"), IDLE);
  };
  for (const sign of ["pointerdown", "pointermove", "keydown", "wheel"]) addEventListener(sign, wait, { passive: true });
  wait();
}
