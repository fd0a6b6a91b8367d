import { ApiError } from "@/api/problem";
import type { AccountForm } from "../api";

const usernamePattern = /^[a-z0-9][a-z0-9._-]{2,31}$/i;
const shortestPassword = 12;
const longestPassword = 256;

export const passwordRules = `At least ${shortestPassword} characters, and none of the common ones. A few unusual words make a good one.`;

export type Faults = ReadonlyMap<string, string>;
export const noFaults: Faults = new Map();

/** What the server says in one sentence, and of one field all the same. */
const taken = new Map([
  ["This user name is taken.", "username"],
  ["This e-mail address is taken.", "email"],
]);

/** What the server has against single fields. */
export function faultsOf(error: Error): Faults {
  if (!(error instanceof ApiError)) return noFaults;
  const field = error.status === 409 ? taken.get(error.message) : undefined;
  return field === undefined ? error.fields : new Map([[field, error.message]]);
}

export function passwordFault(password: string): string | undefined {
  const length = Array.from(password).length;
  if (length < shortestPassword) return `At least ${shortestPassword} characters.`;
  return length > longestPassword ? `At most ${longestPassword} characters.` : undefined;
}

export function emailFault(email: string): string | undefined {
  return /^\S+@\S+$/.test(email) ? undefined : "This does not look like an e-mail address.";
}

/** What can be said before asking the server, which has the last word. */
export function checkAccount({ username, email, password }: AccountForm): Faults {
  const faults = {
    username: usernamePattern.test(username)
      ? undefined
      : "3 to 32 letters, digits, dots, dashes or underscores; a letter or digit first.",
    email: emailFault(email),
    password: passwordFault(password),
  };
  return new Map(
    Object.entries(faults).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
