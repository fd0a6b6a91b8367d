import { expect, it } from "vitest";
import { ApiError } from "@/api/problem";
import { faultsOf } from "./check-account";

const conflict = (detail: string) => new ApiError(409, "conflict", detail);

it.each([
  ["username", "This user name is taken."],
  ["email", "This e-mail address is taken."],
])("what is taken stands beside %s", (field, sentence) => {
  expect([...faultsOf(conflict(sentence))]).toEqual([[field, sentence]]);
});

it("another refusal concerns the fields that it names, or none", () => {
  const fields = new Map([["password", "It is too common."]]);
  expect(faultsOf(new ApiError(422, "invalid", "Invalid.", fields))).toBe(fields);
  expect(faultsOf(conflict("This server is set up already.")).size).toBe(0);
  expect(faultsOf(new Error("Offline")).size).toBe(0);
});
