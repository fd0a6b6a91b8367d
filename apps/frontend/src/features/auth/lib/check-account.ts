import type { AccountForm } from "../api";

const usernamePattern = /^[a-z0-9][a-z0-9._-]{2,31}$/i;
const shortestPassword = 12;
const longestPassword = 256;

export const passwordRules = `At least ${shortestPassword} characters, and none of the common ones. A few unusual words make a good one.`;

export type Faults = ReadonlyMap<string, string>;
export const noFaults: Faults = new Map();

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
