// Formats times: of messages, of days, and those that bots write as `<t:…>`. It has no clock of its own.

const format = (options) => new Intl.DateTimeFormat(undefined, options);
const CLOCK = format({ hour: "2-digit", minute: "2-digit" });
const DAY = format({ day: "numeric", month: "long", year: "numeric" });
const FULL = format({ weekday: "long", day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit" });
const SHORT = format({ day: "2-digit", month: "2-digit", year: "numeric" });

const STYLES = {
  t: CLOCK,
  T: format({ hour: "2-digit", minute: "2-digit", second: "2-digit" }),
  d: SHORT,
  D: DAY,
  f: format({ day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit" }),
  F: FULL,
  s: format({ day: "2-digit", month: "2-digit", year: "numeric", hour: "2-digit", minute: "2-digit" }),
  S: format({ day: "2-digit", month: "2-digit", year: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit" }),
};

const UNITS = [["year", 31_536_000], ["month", 2_592_000], ["day", 86_400], ["hour", 3600], ["minute", 60], ["second", 1]];
const RELATIVE = new Intl.RelativeTimeFormat(undefined, { numeric: "always" });

export const clock = (date) => CLOCK.format(date);
export const day = (date) => DAY.format(date);
export const full = (date) => FULL.format(date);
export const sameDay = (one, other) => one.toDateString() === other.toDateString();

/** The time beside a name: only the time if it is today, otherwise with the day. */
export function stamp(date, now = new Date()) {
  if (sameDay(date, now)) return `Today at ${clock(date)}`;
  const yesterday = new Date(now.getTime() - 86_400_000);
  return sameDay(date, yesterday) ? `Yesterday at ${clock(date)}` : `${SHORT.format(date)} ${clock(date)}`;
}

/** `in 5 minutes`, `3 days ago`. */
export function relative(unix, now = Date.now() / 1000) {
  const away = unix - now;
  const [unit, seconds] = UNITS.find(([, size]) => Math.abs(away) >= size) ?? UNITS.at(-1);
  return RELATIVE.format(Math.trunc(away / seconds), unit);
}

/** A bot's `<t:unix:style>` as text; as typed if no calendar has that day. */
export function written(unix, style, now) {
  const date = new Date(unix * 1000);
  if (Number.isNaN(date.getTime())) return `<t:${unix}:${style}>`;
  return style === "R" ? relative(unix, now) : STYLES[style].format(date);
}
