/*
 * Every kind of wrong value, for every field of every route, made from the OpenAPI document: each must be refused with a
 * problem that names the field. Everything else in the request is right, so that nothing else can be what is refused.
 */
import assert from "node:assert/strict";
import { describe } from "node:test";

import { Client } from "./lib/client.ts";
import type { Operation } from "./lib/contract.ts";
import { Server } from "./lib/server.ts";
import type { Problem } from "./lib/types.ts";
import { ada, contract, nobody, passwords, server, unknownId } from "./lib/world.ts";
import { test } from "./lib/test.ts";

interface Schema {
  $ref?: string;
  anyOf?: Schema[];
  type?: string | string[];
  enum?: unknown[];
  format?: string;
  pattern?: string;
  default?: unknown;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  minItems?: number;
  maxItems?: number;
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
}

type Place = "path" | "query" | "header" | "body";

/** One wrong value, and where it goes. */
interface Attempt {
  place: Place;
  /** As a problem names it. */
  field: string;
  what: string;
  value: unknown;
}

function resolve(schema: Schema): Schema {
  if (schema.anyOf) return resolve(schema.anyOf[0]!);
  if (schema.$ref === undefined) return schema;
  const name = schema.$ref.split("/").at(-1)!;
  return contract.document.components!.schemas![name] as Schema;
}

const typeOf = (schema: Schema): string => [schema.type].flat()[0]!;
const isNullable = (schema: Schema): boolean =>
  [schema.type].flat().includes("null") || (schema.anyOf ?? []).some((one) => one.type === "null");

// ---- Right values ----

/** Something of each pattern that the document has; a new one needs a row here. */
const samples = [unknownId, "ada-lovelace", "ada@example.org", "some-token", "a line of text"];

function right(schema: Schema): unknown {
  schema = resolve(schema);
  if (schema.enum) return schema.enum[0];
  switch (typeOf(schema)) {
    case "boolean":
      return true;
    case "integer":
    case "number":
      return schema.minimum ?? 0;
    case "array":
      return Array.from({ length: schema.minItems ?? 0 }, () => right(schema.items!));
    case "object":
      return Object.fromEntries(
        (schema.required ?? []).map((name) => [name, right(schema.properties![name]!)]),
      );
  }
  if (schema.format === "date-time") return "2026-01-31T12:00:00Z";
  const found = samples
    .map((sample) => sample.padEnd(schema.minLength ?? 0, "x"))
    .find((sample) => schema.pattern === undefined || new RegExp(schema.pattern, "u").test(sample));
  assert.ok(found !== undefined, `no sample fits ${schema.pattern}: add one`);
  return found.slice(0, schema.maxLength);
}

// ---- Wrong values ----

type Wrong = [what: string, value: unknown];

const turning = ["\u061c", "\u200e", "\u200f", "\u2028", "\u202e", "\u2066", "\u{e0041}"];
const unseen = [
  ...turning,
  ...[" ", "\u00a0", "\u00ad", "\u200b", "\u2060", "\ufeff", "\u3164", "\u2800", "\ufe0f"],
];

function wrongTexts(schema: Schema): Wrong[] {
  const most = schema.maxLength;
  if (schema.enum)
    return [
      ["a word that is none of them", "none-of-them"],
      ["another case", String(schema.enum[0]).toUpperCase()],
      ["nothing", ""],
    ];
  if (schema.format === "date-time")
    return ["yesterday", "2026-02-30T00:00:00Z", "2026-01-01", "1767225600", ""].map((time) => [
      `the time "${time}"`,
      time,
    ]);
  assert.ok(most !== undefined, "a text has a bound");
  const fitting = String(right(schema));
  const wrong: Wrong[] = [
    ["a text that is too long", fitting.padEnd(most + 1, "x")],
    ["a control character", `${fitting.slice(0, most - 1)}\u0007`],
    ["a C1 control character", `${fitting.slice(0, most - 1)}\u0085`],
  ];
  if ((schema.minLength ?? 0) > 0) wrong.push(["an empty text", ""]);
  if ((schema.minLength ?? 0) > 1) wrong.push(["a text that is too short", "x"]);
  if (schema.pattern === undefined) return wrong;
  const unfit = [
    `${fitting}\n`,
    "two words",
    "é",
    "a\u202eb",
    "a\u2028b",
    "@",
    "' OR 1=1 --",
  ].concat(
    // Marks that are not seen, where all else is right, and alone.
    unseen.map((mark) => fitting.slice(0, 1) + mark + fitting.slice(1)),
    unseen.map((mark) => mark.repeat(Math.max(schema.minLength ?? 0, 2))),
  );
  const pattern = new RegExp(schema.pattern, "u");
  const refused = unfit.filter((text) => !pattern.test(text) && text.length <= most);
  assert.ok(refused.length > 0, `nothing is known that ${schema.pattern} refuses`);
  return [...wrong, ...refused.map((text): Wrong => [`the text ${JSON.stringify(text)}`, text])];
}

function wrongNumbers(schema: Schema): Wrong[] {
  assert.ok(schema.minimum !== undefined && schema.maximum !== undefined, "a number has bounds");
  return [
    ["a number that is too small", schema.minimum - 1],
    ["a number that is too large", schema.maximum + 1],
    ["a fraction", schema.minimum + 0.5],
  ];
}

/** A number as it is written. TypeScript's library does not know it yet. */
const rawNumber = (JSON as unknown as { rawJSON: (text: string) => unknown }).rawJSON;

/** What only JSON can say: a query and a header have other words. */
const unheldNumbers: Wrong[] = ["9223372036854775808", `-${"9".repeat(30)}`, "1e400", "-1e400"].map(
  (number) => [`the number ${number}`, rawNumber(number)],
);
const unheldTexts: Wrong[] = [
  ["a text with a NUL", "a\u0000b"],
  ["half a surrogate pair", "\ud800"],
  ["the halves of a pair the wrong way round", "a\ude00\ud83d"],
];

/** What each type is not, as JSON. */
const otherTypes: Record<string, unknown> = {
  string: "text",
  integer: 7,
  boolean: true,
  array: [],
  object: {},
};

function wrongTypes(schema: Schema): Wrong[] {
  const type = typeOf(schema);
  const others = Object.entries(otherTypes).filter(([name]) => name !== type);
  const wrong = others.map(([name, value]): Wrong => [`a value of the type ${name}`, value]);
  return isNullable(schema) ? wrong : [...wrong, ["null", null]];
}

/** As text, where a query or a header is one. */
function wrongWords(schema: Schema): Wrong[] {
  switch (typeOf(schema)) {
    case "boolean":
      return ["yes", "1", "", "TRUE", " true"].map((word) => [`the word "${word}"`, word]);
    case "integer":
      return [...wrongNumbers(schema), ...notNumbers];
    default:
      return wrongTexts(schema);
  }
}

const notNumbers: Wrong[] = ["", "x", "1x", "0x1", "1e3", " 1", "+1", "--1", "9".repeat(30)].map(
  (word) => [`the word "${word}"`, word],
);

function wrongArrays(schema: Schema, field: string): Attempt[] {
  const element = schema.items!;
  const least = schema.minItems ?? 0;
  const most = schema.maxItems;
  assert.ok(most !== undefined, `${field} has a bound`);
  const lists: Wrong[] = [
    ["too many elements", Array.from({ length: most + 1 }, () => right(element))],
  ];
  if (least > 0) lists.push(["too few elements", []]);
  const whole = lists.map(([what, value]): Attempt => ({ place: "body", field, what, value }));
  const inside = wrongValues(element, `${field}[0]`).map((attempt) => ({
    ...attempt,
    what: `an element that is ${attempt.what}`,
    value: [attempt.value],
  }));
  return [...whole, ...inside];
}

function wrongObjects(schema: Schema, field: string): Attempt[] {
  const base = right(schema) as Record<string, unknown>;
  const at = (name: string): string => (field === "" ? name : `${field}.${name}`);
  const inside = Object.entries(schema.properties!).flatMap(([name, property]) =>
    wrongValues(property, at(name)).map((attempt) => ({
      ...attempt,
      value: { ...base, [name]: attempt.value },
    })),
  );
  const missing = (schema.required ?? []).map((name): Attempt => {
    const { [name]: _, ...rest } = base;
    return { place: "body", field: at(name), what: "left out", value: rest };
  });
  const unknown = ["x", "__proto__", `${Object.keys(schema.properties!)[0]} `].map(
    (name): Attempt => ({
      place: "body",
      field: at(name),
      what: "not known",
      value: JSON.parse(
        JSON.stringify({ ...base }).replace(
          /\}$/,
          `${Object.keys(base).length ? "," : ""}${JSON.stringify(name)}:1}`,
        ),
      ),
    }),
  );
  return [...inside, ...missing, ...unknown];
}

/** For a body: each value is what stands at `field`. */
function wrongValues(given: Schema, field: string): Attempt[] {
  const schema = {
    ...resolve(given),
    ...(isNullable(given) && { type: [typeOf(resolve(given)), "null"] }),
  };
  const values: Wrong[] = wrongTypes(schema);
  if (typeOf(schema) === "string") values.push(...wrongTexts(schema), ...unheldTexts);
  if (typeOf(schema) === "integer") values.push(...wrongNumbers(schema), ...unheldNumbers);
  if (typeOf(schema) === "number") values.push(...unheldNumbers);
  const attempts = values.map(([what, value]): Attempt => ({ place: "body", field, what, value }));
  if (typeOf(schema) === "array") attempts.push(...wrongArrays(schema, field));
  if (typeOf(schema) === "object") attempts.push(...wrongObjects(schema, field));
  return attempts;
}

// ---- The requests ----

interface Parameter {
  name: string;
  in: Place;
  required?: boolean;
  schema: Schema;
}

const parametersOf = (operation: Operation): Parameter[] =>
  (operation.parameters ?? []) as unknown as Parameter[];

function bodyOf(operation: Operation): Schema | undefined {
  return operation.requestBody?.content["application/json"]?.schema as Schema | undefined;
}

function attemptsOf(operation: Operation): Attempt[] {
  const words = parametersOf(operation).flatMap(({ name, in: place, schema }) =>
    wrongWords(schema).map(([what, value]): Attempt => ({ place, field: name, what, value })),
  );
  const body = bodyOf(operation);
  const unknown: Attempt = { place: "query", field: "no_such_thing", what: "not known", value: 1 };
  return [...words, ...(body ? wrongObjects(resolve(body), "") : []), unknown];
}

/** Whether the value can be sent there at all: an empty segment is another path, a header has no control characters. */
function canBeSent({ place, value }: Attempt): boolean {
  const text = String(value);
  if (place === "path") return text !== "" && !text.includes("/");
  // eslint-disable-next-line no-control-regex
  return place !== "header" || /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/.test(text);
}

function targetOf(operation: Operation, { place, field, value }: Attempt): string {
  const path = operation.path.replace(/\{([^}]+)\}/g, (_, name: string) => {
    const parameter = parametersOf(operation).find((one) => one.name === name)!;
    const isIt = place === "path" && field === name;
    return encodeURIComponent(String(isIt ? value : right(parameter.schema)));
  });
  const query = new URLSearchParams();
  for (const { name, in: where, required, schema } of parametersOf(operation))
    if (where === "query" && required) query.set(name, String(right(schema)));
  if (place === "query") query.set(field, String(value));
  return query.size > 0 ? `${path}?${query}` : path;
}

async function send(client: Client, operation: Operation, attempt: Attempt) {
  const body = bodyOf(operation);
  const headers = { ...(attempt.place === "header" && { [attempt.field]: String(attempt.value) }) };
  const value = attempt.place === "body" ? attempt.value : body && right(body);
  return client.call(operation.method, targetOf(operation, attempt), {
    headers,
    ...(value !== undefined && { body: value }),
  });
}

const named = (field: string): string => field.replaceAll("-", "_");

async function check(operation: Operation, attempt: Attempt): Promise<void> {
  const reply = await send(ada, operation, attempt);
  const where = `${operation.method} ${operation.path}: ${attempt.place} ${attempt.field}: ${attempt.what}`;
  assert.ok(reply.status >= 400 && reply.status < 500, `${where} answered ${reply.status}`);
  if (attempt.place === "path") {
    // What names nothing is not told apart from what is not there.
    assert.ok([400, 404].includes(reply.status), `${where} answered ${reply.status}`);
    return;
  }
  assert.equal(reply.status, 422, `${where}: ${reply.text}`);
  const fields = new Set((reply.json as Problem).errors!.map((error) => named(error.field)));
  assert.deepEqual([...fields], [named(attempt.field)], `${where}: ${reply.text}`);
}

describe("wrong values of every kind are refused, and their field named", () => {
  for (const operation of contract.operations)
    test(`${operation.method} ${operation.path}`, async () => {
      const attempts = attemptsOf(operation).filter(canBeSent);
      for (const { name, in: place } of parametersOf(operation))
        assert.ok(
          attempts.some((attempt) => attempt.place === place && attempt.field === name),
          `${place} ${name} cannot be exercised`,
        );
      for (const attempt of attempts) await check(operation, attempt);
    });
});

describe("a single line", () => {
  const creation = contract.operations.find(
    (operation) => operation.method === "POST" && operation.path === "/api/v1/conversations",
  )!;
  const { title } = resolve(bodyOf(creation)!).properties!;
  const pattern = new RegExp(title!.pattern!, "u");
  const taken = async (line: string): Promise<boolean> => {
    const reply = await ada.call("POST", creation.path, { body: { title: line } });
    assert.ok([201, 422].includes(reply.status), reply.text);
    return reply.status === 201;
  };

  test("is of any language, and may be of emoji", async () => {
    const lines = ["\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\u0915\u094d\u200d\u0937"];
    lines.push(
      "\u{1f469}\u200d\u{1f4bb} \u2764\ufe0f",
      "\u05e9\u05dc\u05d5\u05dd",
      "\u3163",
      "\u00e9",
    );
    for (const line of lines) {
      assert.match(line, pattern);
      assert.ok(await taken(line), JSON.stringify(line));
    }
  });

  test("is what its pattern says, around each character that is not seen", async () => {
    const edges = [
      0xa0, 0xad, 0x34f, 0x61c, 0x115f, 0x1160, 0x17b4, 0x17b5, 0x180b, 0x180f, 0x2000,
    ];
    edges.push(
      0x200b,
      0x200f,
      0x2028,
      0x202e,
      0x2060,
      0x2066,
      0x2069,
      0x206f,
      0x2800,
      0x3000,
      0x3164,
    );
    edges.push(0xfe00, 0xfe0f, 0xfeff, 0xffa0, 0xfff0, 0xfffb, 0xe0000, 0xe007f, 0xe0fff);
    for (const code of edges.flatMap((edge) => [edge - 1, edge, edge + 1])) {
      const character = String.fromCodePoint(code);
      for (const line of [character, `a${character}`])
        assert.equal(await taken(line), pattern.test(line), code.toString(16));
    }
  });
});

describe("texts that are compared", () => {
  test("are the same however their accents are written", async () => {
    const own = await Server.start();
    const client = new Client(own.url, contract);
    const body = { token: own.setupToken, username: "zoe", email: "zoe@caf\u0065\u0301.example" };
    const password = "cre\u0300me bru\u0302le\u0301e tart";
    client.takeSession(await client.call("POST", "/api/v1/setup", { body: { ...body, password } }));
    assert.equal(client.session!.user.email, "zoe@caf\u00e9.example");
    const other = new Client(own.url, contract);
    await other.signIn("zoe", "cr\u00e8me br\u00fbl\u00e9e tart");
    await own.remove();
  });
});

describe("what was refused", () => {
  test("is logged by its fields, without what they held", async () => {
    const logging = await Server.start({ env: { WEBPLUS_ACCESS_LOG: "true" } });
    const client = new Client(logging.url, contract);
    const body = { username: "ada\u0007", password: passwords.ada, "my secret is 1234": 1 };
    await client.refused(422, "POST", "/api/v1/auth/login", { body });
    await logging.end();
    const line = logging.output.find((one) => one.includes('"invalid input"'));
    assert.match(line ?? "", /"fields":"username \?"/);
    assert.ok(!logging.output.some((one) => /1234|correct horse/.test(one)));
    await logging.remove();
  });

  test("comes with the rule, not with the inside", async () => {
    const problem = await nobody().refused(422, "POST", "/api/v1/auth/login", {
      body: { username: "", password: 7 },
    });
    assert.deepEqual(problem.errors, [
      { field: "username", message: "must not be empty" },
      { field: "password", message: "must be a string" },
    ]);
    assert.ok(server.pid > 0);
  });
});
