import { describe, expect, test } from "vitest";
import type { AuditRow } from "@/api/types";
import { actionNames, detailsOf, sentenceOf } from "./sentence";

const ids: Record<string, string> = { a: "ada", b: "bela" };
const nameOf = (id: string) => ids[id] ?? "nobody";

function row(fields: Partial<AuditRow>): AuditRow {
  return {
    seq: 1,
    at: "2026-01-01T00:00:00.000Z",
    actor_id: "a",
    action: "setup",
    object_kind: "",
    object_id: "",
    outcome: "done",
    commitment: "",
    hash: "",
    details: "{}",
    ...fields,
  };
}

const say = (fields: Partial<AuditRow>) => {
  const { who, what } = sentenceOf(row(fields), nameOf);
  return `${who} ${what}`;
};

describe("sentenceOf", () => {
  test("names who did it and to whom", () => {
    const onBela = { object_kind: "account", object_id: "b" };
    expect(say({ action: "account.role", details: '{"detail":"viewer"}', ...onBela })).toBe(
      "ada made bela viewer",
    );
    expect(say({ action: "session.revoke", details: '{"detail":"all"}', ...onBela })).toBe(
      "ada signed bela out everywhere",
    );
    expect(say({ action: "session.revoke", object_kind: "session", object_id: "s" })).toBe(
      "ada ended one of their sessions",
    );
  });

  test("tells of a name that no account has, which the log does not keep", () => {
    const refused = { action: "session.open", actor_id: "", outcome: "refused" } as const;
    expect(say({ ...refused, details: '{"address":"192.0.2.1"}' })).toBe(
      "Somebody tried a name that no account has",
    );
    const erased = { object_kind: "account", object_id: "gone", details: null };
    expect(say({ ...refused, ...erased })).toBe("Somebody was not let in");
  });

  test("gives the name as it was typed where an older row has it", () => {
    expect(
      say({
        action: "session.open",
        actor_id: "",
        outcome: "refused",
        details: '{"username":"eve"}',
      }),
    ).toBe("“eve” was not let in");
  });

  test("does not tell of what was refused as if it were done", () => {
    expect(say({ action: "account.delete", object_id: "a", outcome: "refused" })).toBe(
      "ada gave a wrong password (Account deleted)",
    );
  });

  test("stands without what was erased", () => {
    expect(say({ action: "account.delete", object_id: "a", details: null })).toBe(
      "ada deleted their account",
    );
    expect(say({ action: "key.create", details: null })).toBe("ada made an API key");
    expect(detailsOf(row({ details: "no JSON" }))).toBeNull();
  });

  test("has a name for each action of the filter", () => {
    expect(Object.values(actionNames).every((name) => name !== "")).toBe(true);
  });
});
