/** Groups what is sorted from new to old by how long ago it was, in days of the reader's calendar. */
export type DayGroup<T> = { label: string; items: T[] };

export function groupByDay<T>(
  items: readonly T[],
  timeOf: (item: T) => string,
  now: Date,
  locale?: string,
): DayGroup<T>[] {
  const groups: DayGroup<T>[] = [];
  for (const item of items) {
    const label = dayLabel(new Date(timeOf(item)), now, locale);
    const last = groups.at(-1);
    if (last?.label === label) last.items.push(item);
    else groups.push({ label, items: [item] });
  }
  return groups;
}

export function dayLabel(time: Date, now: Date, locale?: string): string {
  const age = daysBetween(time, now);
  if (age <= 0) return "Today";
  if (age === 1) return "Yesterday";
  if (age <= 7) return "Previous 7 days";
  if (age <= 30) return "Previous 30 days";
  const sameYear = time.getFullYear() === now.getFullYear();
  return time.toLocaleDateString(locale, { month: "long", ...(!sameYear && { year: "numeric" }) });
}

/** Whole calendar days; noon keeps the hour that summer time adds or takes out of it. */
function daysBetween(earlier: Date, later: Date): number {
  const noon = (date: Date) =>
    new Date(date.getFullYear(), date.getMonth(), date.getDate(), 12).getTime();
  return Math.round((noon(later) - noon(earlier)) / 86_400_000);
}
