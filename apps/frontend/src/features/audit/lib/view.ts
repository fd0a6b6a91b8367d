import type { AuditRow } from "@/api/types";
import type { AuditFilter } from "../api";
import { boundsOf, periods, type Period } from "./periods";
import { actionNames } from "./sentence";

/** What is chosen of the log, as the page's address has it. */
export type AuditView = {
  action?: AuditRow["action"];
  period?: Period;
  from?: string;
  to?: string;
  person?: string;
};

/** What in an address is no choice is left out. */
export function viewOf(search: Record<string, unknown>): AuditView {
  const text = (name: string, form: RegExp) => {
    const value = search[name];
    return typeof value === "string" && form.test(value) ? value : undefined;
  };
  const { action } = search;
  const period = periods.find(({ value }) => value !== "" && value === search.period)?.value;
  const from = text("from", /^\d{4}-\d\d-\d\d$/);
  const to = text("to", /^\d{4}-\d\d-\d\d$/);
  const person = text("person", /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/);
  return {
    ...(typeof action === "string" &&
      Object.hasOwn(actionNames, action) && { action: action as AuditRow["action"] }),
    ...(period !== undefined && { period }),
    ...(period === "between" && from !== undefined && { from }),
    ...(period === "between" && to !== undefined && { to }),
    ...(person !== undefined && { person }),
  };
}

export function filterOf({ action, period, from, to, person }: AuditView, now: Date): AuditFilter {
  return {
    ...(action !== undefined && { action }),
    ...(person !== undefined && { actor_id: person }),
    ...boundsOf(period ?? "", from ?? "", to ?? "", now),
  };
}
