/*
 * The OpenAPI document, held against every reply: its route, status, media type and schema. What was reached is kept for
 * the last test of the run.
 */
import assert from "node:assert/strict";

import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import formats from "ajv-formats";

export interface Operation {
  method: string;
  path: string;
  summary?: string;
  security?: unknown[];
  /** No API key may call it. */
  "x-person"?: true;
  parameters?: { name: string; in: string; required?: boolean }[];
  requestBody?: { content: Record<string, { schema: unknown }> };
  responses: Record<string, { content?: Record<string, { schema: unknown }> }>;
  pattern: RegExp;
  /** Statuses that it answered in this run. */
  reached: Set<number>;
}

interface Document {
  openapi: string;
  security?: unknown[];
  paths: Record<string, Record<string, Omit<Operation, "method" | "path" | "pattern" | "reached">>>;
  components?: { schemas?: Record<string, unknown> };
}

const methods = new Set(["get", "post", "put", "patch", "delete"]);

export class Contract {
  readonly document: Document;
  readonly operations: Operation[];
  readonly #ajv: Ajv2020;
  readonly #validators = new Map<string, ValidateFunction>();

  constructor(document: Document) {
    this.document = document;
    this.#ajv = new Ajv2020({ strict: false, allErrors: true });
    formats.default(this.#ajv);
    this.#ajv.addSchema({ $id: "webplus", ...document });
    this.operations = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.entries(item)
        .filter(([method]) => methods.has(method))
        .map(([method, operation]) => ({
          ...operation,
          security: operation.security ?? document.security,
          method: method.toUpperCase(),
          path,
          pattern: new RegExp(`^${path.replaceAll(/\{[^}]+\}/g, "[^/]+")}$`),
          reached: new Set<number>(),
        })),
    );
  }

  find(method: string, target: string): Operation | undefined {
    const path = target.split("?")[0]!;
    return this.operations.find(
      (operation) => operation.method === method && operation.pattern.test(path),
    );
  }

  /** Fails unless the reply is one that the document promises. */
  check(method: string, target: string, status: number, media: string, text: string): void {
    const operation = this.find(method, target);
    const where = `${method} ${target} answered ${status}`;
    if (operation === undefined) {
      if (target.startsWith("/api/") && status >= 400)
        this.#checkProblem(where, status, media, text);
      return;
    }
    operation.reached.add(status);
    const response = operation.responses[status] ?? operation.responses["default"];
    assert.ok(response, `${where}, which its route does not mention`);
    const type = media.split(";")[0]!.trim();
    if (status >= 400) this.#checkProblem(where, status, media, text);
    if (response.content === undefined) {
      assert.equal(text, "", `${where}: a body that its route does not mention`);
      return;
    }
    assert.ok(response.content[type], `${where} with the media type ${media}`);
    if (!type.endsWith("json")) return;
    const key = operation.responses[status] === undefined ? "default" : String(status);
    this.#validate(
      `#/paths/${escape(operation.path)}/${method.toLowerCase()}/responses/${key}/content/${escape(type)}/schema`,
      text,
      where,
    );
  }

  #checkProblem(where: string, status: number, media: string, text: string): void {
    assert.equal(media.split(";")[0], "application/problem+json", where);
    const problem = JSON.parse(text) as Record<string, unknown>;
    assert.equal(problem["status"], status, where);
    for (const name of ["type", "title", "code", "detail", "request_id"])
      assert.equal(typeof problem[name], "string", `${where}: problem.${name}`);
  }

  /** Holds a JSON text against one of the document's component schemas. */
  checkRecord(name: string, value: unknown): void {
    this.#validate(`#/components/schemas/${name}`, JSON.stringify(value), name);
  }

  #validate(pointer: string, text: string, where: string): void {
    let validate = this.#validators.get(pointer);
    if (validate === undefined) {
      validate = this.#ajv.compile({ $ref: `webplus${pointer}` });
      this.#validators.set(pointer, validate);
    }
    assert.ok(
      validate(JSON.parse(text)),
      `${where}: ${this.#ajv.errorsText(validate.errors)}\n${text.slice(0, 2000)}`,
    );
  }
}

function escape(segment: string): string {
  return encodeURIComponent(segment.replaceAll("~", "~0").replaceAll("/", "~1"));
}

/** Whether somebody must be signed in. */
export function isGuarded(operation: Operation): boolean {
  return (operation.security?.length ?? 0) > 0;
}
