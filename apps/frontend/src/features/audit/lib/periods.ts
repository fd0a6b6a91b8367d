const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

export const periods = [
  { value: "", label: "Any time" },
  { value: "hour", label: "Last hour" },
  { value: "day", label: "Last 24 hours" },
  { value: "week", label: "Last 7 days" },
  { value: "month", label: "Last 30 days" },
  { value: "between", label: "Between days…" },
] as const;

export type Period = (typeof periods)[number]["value"];

const lengths: Partial<Record<Period, number>> = {
  hour: hourMs,
  day: dayMs,
  week: 7 * dayMs,
  month: 30 * dayMs,
};

type Bounds = { since?: string; until?: string };

/** `from` and `to` are days of the reader's calendar, as date fields give them; `to` is included. */
export function boundsOf(period: Period, from: string, to: string, now: Date): Bounds {
  const length = lengths[period];
  if (length !== undefined) return { since: new Date(now.getTime() - length).toISOString() };
  if (period !== "between") return {};
  return {
    ...(from !== "" && { since: midnight(from, 0) }),
    ...(to !== "" && { until: midnight(to, 1) }),
  };
}

function midnight(day: string, later: number): string {
  const [year = 0, month = 1, date = 1] = day.split("-").map(Number);
  return new Date(year, month - 1, date + later).toISOString();
}
