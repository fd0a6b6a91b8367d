type Unit = [Intl.RelativeTimeFormatUnit, number];

const minute: Unit = ["minute", 60];
const units: Unit[] = [minute, ["hour", 3600], ["day", 86_400]];
const mostRelative = 7 * 86_400;

/** "5 minutes ago", "in 3 days"; beyond a week, the date. */
export function relativeTime(time: Date, now: Date, locale?: string): string {
  const seconds = Math.round((time.getTime() - now.getTime()) / 1000);
  if (Math.abs(seconds) < 60) return seconds > 0 ? "in a moment" : "just now";
  if (Math.abs(seconds) > mostRelative) return dateText(time, now, locale);
  const [unit, length] = units.findLast(([, length]) => Math.abs(seconds) >= length) ?? minute;
  const format = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
  return format.format(Math.round(seconds / length), unit);
}

/** The day; its year only where that is another one. */
export function dateText(time: Date, now: Date, locale?: string): string {
  return time.toLocaleDateString(locale, {
    day: "numeric",
    month: "short",
    ...(time.getFullYear() !== now.getFullYear() && { year: "numeric" }),
  });
}

/** The hour, and before it the day if that is not today. */
export function clockTime(time: Date, now: Date, locale?: string): string {
  const hour = time.toLocaleTimeString(locale, { hour: "2-digit", minute: "2-digit" });
  const isToday = time.toDateString() === now.toDateString();
  return isToday ? hour : `${dateText(time, now, locale)}, ${hour}`;
}
