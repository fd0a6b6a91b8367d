/** Further people, and what an administrator does over the API, without a page. */
import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { password, type Workspace } from "./workspace.ts";

type Reply = { access_token: string; user: { id: string; username: string } };

export class People {
  readonly #url: string;
  #token = "";

  private constructor(url: string) {
    this.#url = `${url}/api/v1`;
  }

  static async of(workspace: Workspace): Promise<People> {
    const people = new People(workspace.program.url);
    const session = (await people.call("POST", "/auth/login", {
      username: "robin",
      password,
    })) as Reply;
    people.#token = session.access_token;
    return people;
  }

  /** As the administrator. */
  async call(method: string, path: string, body?: object): Promise<unknown> {
    const reply = await fetch(this.#url + path, {
      method,
      headers: {
        ...(this.#token !== "" && { Authorization: `Bearer ${this.#token}` }),
        ...(body && { "Content-Type": "application/json" }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await reply.text();
    assert.ok(reply.ok, `${method} ${path}: ${reply.status} ${text}`);
    return text === "" ? null : JSON.parse(text);
  }

  registration(registration: "open" | "invite" | "closed"): Promise<unknown> {
    return this.call("PATCH", "/settings", { registration });
  }

  /** Makes an account, and returns its id. */
  async add(username: string, role = "user"): Promise<string> {
    await this.registration("open");
    const account = { username, email: `${username}@example.org`, password };
    const { user } = (await this.call("POST", "/auth/register", account)) as Reply;
    await this.registration("closed");
    if (role !== "user") await this.call("PATCH", `/users/${user.id}`, { role });
    return user.id;
  }
}

/** A window of its own, in which this person is signed in. */
export function windowOf(workspace: Workspace, username: string): Promise<Page> {
  return workspace.signedIn({}, username);
}
