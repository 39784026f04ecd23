// Time in the installation's zone, whatever the device's: words for instants, and instants for local dates.
const language = document.documentElement.lang;
const place = document.getElementById("chart").dataset;
export const zone = place.zone;

const words = (options) => {
  const format = new Intl.DateTimeFormat(language, { timeZone: zone, ...options });
  return (ts) => format.format(new Date(ts * 1000));
};
export const moment = words({ weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
export const hour = words({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
export const day = words({ day: "numeric", month: "short" });
export const month = words({ month: "short", year: "numeric" });
export const fullDay = words({ weekday: "short", day: "numeric", month: "short", year: "numeric" });
export const number = (value, digits = 1) =>
  value.toLocaleString(language, { minimumFractionDigits: digits, maximumFractionDigits: digits });

export function span(seconds) {
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  if (minutes < 2880) return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")}`;
  return `${Math.floor(minutes / 1440)} ${place.days} ${Math.floor((minutes % 1440) / 60)} h`;
}

const clock = new Intl.DateTimeFormat("en-GB", {
  timeZone: zone, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit",
});

// [year, month (1..12), day, hour, minute, second] on the wall there.
export function wall(ts) {
  const parts = Object.fromEntries(clock.formatToParts(new Date(ts * 1000)).map(({ type, value }) => [type, Number(value)]));
  return [parts.year, parts.month, parts.day, parts.hour, parts.minute, parts.second];
}

// The instant at which the wall there shows these; the second guess is right on days that change their clocks.
export function instant([year, month, ...rest]) {
  const shown = Date.UTC(year, month - 1, ...rest) / 1000;
  let ts = shown;
  for (let guess = 0; guess < 2; guess += 1) {
    const [y, m, ...others] = wall(ts);
    ts += shown - Date.UTC(y, m - 1, ...others) / 1000;
  }
  return ts;
}

// 2026-01-31T14:05, as an <input type=datetime-local> has it.
export function field(ts) {
  const [year, ...rest] = wall(ts).map((part) => String(part).padStart(2, "0"));
  return `${year}-${rest[0]}-${rest[1]}T${rest[2]}:${rest[3]}`;
}
