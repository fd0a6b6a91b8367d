import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { describe } from "node:test";

import { refreshCookie } from "./lib/client.ts";
import { metric } from "./lib/consistency.ts";
import { ada, nobody, passwords, server, stranger } from "./lib/world.ts";
import { test } from "./lib/test.ts";

const login = "/api/v1/auth/login";
const refresh = "/api/v1/auth/refresh";
const me = "/api/v1/auth/me";

const withCookie = (cookie: string): { headers: { cookie: string } } => ({ headers: { cookie } });

describe("signing in", () => {
  test("gives a token, the user, and a refresh cookie that scripts cannot read", async () => {
    const reply = await nobody().call("POST", login, {
      body: { username: "ada", password: passwords.ada },
    });
    assert.equal(reply.status, 200);
    assert.equal(reply.json.token_type, "Bearer");
    assert.equal(reply.json.expires_in, 900);
    assert.equal(reply.json.user.username, "ada");
    assert.match(reply.headers.get("cache-control") ?? "", /no-store/);
    refreshCookie(reply);
  });

  test("takes the name in any case", async () => {
    await nobody().post(login, { username: "ADA", password: passwords.ada });
  });

  test("takes a password of whatever characters, since it may be older than what is asked of one", async () => {
    for (const password of ["left\u200eright", "\u200b", "two\nlines"])
      await nobody().refused(401, "POST", login, { body: { username: "ada", password } });
  });

  test("takes the e-mail address for the name", async () => {
    const session = await nobody().post(login, {
      username: "Ada@example.org",
      password: passwords.ada,
    });
    assert.equal(session.user.username, "ada");
    for (const username of ["ada@example.org", "nobody@example.org"]) {
      const body = { username, password: "not her password" };
      const problem = await nobody().refused(401, "POST", login, { body });
      assert.equal(problem.detail, "Wrong user name or password.");
    }
  });

  test("gives the same answer for an unknown user and for a wrong password", async () => {
    const wrong = await nobody().refused(401, "POST", login, {
      body: { username: "ada", password: "not her password" },
    });
    const unknown = await nobody().refused(401, "POST", login, {
      body: { username: "nobody", password: "not her password" },
    });
    assert.equal(wrong.detail, "Wrong user name or password.");
    const { request_id: _a, ...first } = wrong as unknown as Record<string, unknown>;
    const { request_id: _b, ...second } = unknown as unknown as Record<string, unknown>;
    assert.deepEqual(first, second);
  });

  test("asks for both", async () => {
    const problem = await nobody().refused(422, "POST", login, { body: {} });
    assert.deepEqual(problem.errors?.map((error) => error.field).sort(), ["password", "username"]);
  });
});

describe("a password with accents", () => {
  const forms = ["NFC", "NFD"] as const;
  const first = "crème brûlée à la carte";
  const second = "tiệm phở gần nhà thờ lớn";

  for (const set of forms)
    for (const typed of forms)
      test(`that was set in ${set} is taken in ${typed}, wherever it is asked for`, async () => {
        const username = `accents-${set}-${typed}`.toLowerCase();
        await server.createUser(username, first.normalize(set));
        const client = nobody();
        await client.signIn(username, first.normalize(typed));
        await client.expect(204, "POST", "/api/v1/auth/password", {
          body: {
            current_password: first.normalize(typed),
            new_password: second.normalize(set),
          },
        });
        await client.signIn(username, second.normalize(typed));
        await client.refused(422, "POST", "/api/v1/auth/password", {
          body: {
            current_password: second.normalize(typed),
            new_password: second.normalize(set),
          },
        });
        await client.expect(200, "PATCH", me, {
          body: { email: `${username}@example.com`, password: second.normalize(typed) },
        });
        await client.expect(204, "DELETE", me, { body: { password: second.normalize(typed) } });
      });

  test("of the greatest length is taken as it was typed when it was set", async () => {
    const longest = "ệ".repeat(4) + "quite a long song, ".repeat(13).slice(0, 248) + "ệệệệ";
    assert.equal(longest.length, 255);
    await server.createUser("longest-accents", longest.normalize("NFD"));
    await nobody().signIn("longest-accents", longest.normalize("NFD"));
  });
});

describe("the refresh cookie", () => {
  test("is exchanged for a new one at each use", async () => {
    const client = await stranger("grace");
    const first = client.cookie;
    const reply = await nobody().call("POST", refresh, withCookie(first));
    assert.equal(reply.status, 200, reply.text);
    assert.equal(reply.json.user.username, "grace");
    const second = refreshCookie(reply);
    assert.notEqual(second, first);
    const again = await nobody().call("POST", refresh, withCookie(second));
    assert.equal(again.status, 200, again.text);
  });

  test("gets the same successor again while nobody has used that, so that two tabs agree", async () => {
    const { cookie } = await stranger("grace");
    const [one, two] = await Promise.all(
      [cookie, cookie].map((same) => nobody().call("POST", refresh, withCookie(same))),
    );
    assert.equal(refreshCookie(one!), refreshCookie(two!));
  });

  test("ends the whole family when it comes again after its successor was used", async () => {
    const client = await stranger("grace");
    const other = await stranger("grace");
    const first = client.cookie;
    client.takeSession(await nobody().call("POST", refresh, withCookie(first)));
    const second = client.cookie;
    const third = refreshCookie(await nobody().call("POST", refresh, withCookie(second)));
    await client.get(me);
    await nobody().refused(401, "POST", refresh, withCookie(first));
    await nobody().refused(401, "POST", refresh, withCookie(third));
    await client.refused(401, "GET", me);
    // Another session of the same user is another family.
    assert.equal((await nobody().call("POST", refresh, withCookie(other.cookie))).status, 200);
  });

  test("ends its session by signing out too, however long ago it was used", async () => {
    const client = await stranger("grace");
    const first = client.cookie;
    let cookie = first;
    for (let i = 0; i < 55; i++)
      cookie = refreshCookie(await nobody().call("POST", refresh, withCookie(cookie)));
    await client.get(me);
    await nobody().expect(204, "POST", "/api/v1/auth/logout", withCookie(first));
    await client.refused(401, "GET", me);
    await nobody().refused(401, "POST", refresh, withCookie(cookie));
  });

  test("is refused beside another of its name, which a host of the same site can plant, and goes on", async () => {
    const { cookie } = await stranger("grace");
    const planted = "webplus_refresh=planted";
    for (const cookies of [`${planted}; ${cookie}`, `${cookie}; ${planted}`]) {
      const reply = await nobody().call("POST", refresh, withCookie(cookies));
      assert.equal(reply.status, 401, reply.text);
      assert.deepEqual(reply.headers.getSetCookie(), [], "none is cleared");
    }
    assert.equal((await nobody().call("POST", refresh, withCookie(cookie))).status, 200);
  });

  test("is refused when it is missing, made up or another cookie", async () => {
    await nobody().refused(401, "POST", refresh);
    await nobody().refused(401, "POST", refresh, withCookie("webplus_refresh="));
    await nobody().refused(401, "POST", refresh, withCookie(`webplus_refresh=${"a".repeat(64)}`));
    await nobody().refused(
      401,
      "POST",
      refresh,
      withCookie((await stranger("grace")).cookie.replace("webplus_refresh", "other")),
    );
  });
});

describe("signing out", () => {
  test("ends the session: its access token and its cookie", async () => {
    const client = await stranger("grace");
    const reply = await client.call("POST", "/api/v1/auth/logout", withCookie(client.cookie));
    assert.equal(reply.status, 204);
    assert.match(reply.headers.getSetCookie()[0] ?? "", /^webplus_refresh=;.*Max-Age=0/i);
    await client.refused(401, "GET", me);
    await nobody().refused(401, "POST", refresh, withCookie(client.cookie));
  });

  test("works with the cookie alone, and leaves other sessions be", async () => {
    const one = await stranger("grace");
    const two = await stranger("grace");
    assert.equal(
      (await nobody().call("POST", "/api/v1/auth/logout", withCookie(one.cookie))).status,
      204,
    );
    await one.refused(401, "GET", me);
    await two.get(me);
  });

  test("looks up some of the cookies, however many there are", async () => {
    const { cookie } = await stranger("grace");
    const statements = () => metric(server, "webplus_db_statements_total");
    const before = await statements();
    await nobody().expect(
      204,
      "POST",
      "/api/v1/auth/logout",
      withCookie(`${cookie}${"; webplus_refresh=a".repeat(500)}`),
    );
    const asked = (await statements()) - before;
    assert.ok(asked < 100, `${asked} statements`);
    await nobody().refused(401, "POST", refresh, withCookie(cookie));
  });

  test("closes the WebSockets of the session", async () => {
    const client = await stranger("grace");
    const socket = await client.webSocket();
    const other = await (await stranger("grace")).webSocket();
    await client.expect(204, "POST", "/api/v1/auth/logout");
    assert.equal(await socket.closed(), 4401);
    assert.deepEqual(await other.ask({ type: "ping" }), { type: "pong" });
    await other.close();
  });
});

describe("an access token", () => {
  const encode = (value: unknown): string =>
    Buffer.from(JSON.stringify(value)).toString("base64url");

  test("says who one is", async () => {
    assert.deepEqual(await ada.get(me), ada.session!.user);
  });

  test("is refused when it was forged", async () => {
    const [head, claims, signature] = ada.token.split(".") as [string, string, string];
    const told = JSON.parse(Buffer.from(claims, "base64url").toString()) as Record<string, unknown>;
    const sign = (text: string, key: string): string =>
      `${text}.${createHmac("sha256", key).update(text).digest("base64url")}`;
    const later = encode({ ...told, exp: Number(told["exp"]) + 86_400 });
    const none = encode({ alg: "none", typ: "JWT" });
    const forged: Record<string, string> = {
      "alg none, unsigned": `${none}.${claims}.`,
      "alg none, signature kept": `${none}.${claims}.${signature}`,
      "no signature": `${head}.${claims}.`,
      "two parts": `${head}.${claims}`,
      "wrong key": sign(`${head}.${claims}`, "secret"),
      "empty key": sign(`${head}.${claims}`, "\0"),
      "longer life": `${head}.${later}.${signature}`,
      "another user": `${head}.${encode({ ...told, sub: "01890000-0000-7000-8000-000000000000" })}.${signature}`,
      "another algorithm": `${encode({ alg: "HS512", typ: "JWT" })}.${claims}.${signature}`,
      "a signature cut short": ada.token.slice(0, -4),
      "a bit changed":
        ada.token.slice(0, -5) + (ada.token.at(-5) === "A" ? "B" : "A") + ada.token.slice(-4),
      "not a token": "hello",
      "very long": "a".repeat(8000),
    };
    for (const [what, token] of Object.entries(forged)) {
      const reply = await nobody().call("GET", me, {
        headers: { authorization: `Bearer ${token}` },
      });
      assert.equal(reply.status, 401, what);
      assert.match(reply.headers.get("www-authenticate") ?? "", /^Bearer/, what);
    }
  });

  test("is asked for as a Bearer token, and nowhere else", async () => {
    for (const authorization of [
      "Bearer",
      "Bearer ",
      `Basic ${ada.token}`,
      ada.token,
      `Bearer  ${ada.token} x`,
    ])
      await nobody().refused(401, "GET", me, { headers: { authorization } });
    await nobody().refused(401, "GET", me, withCookie(ada.cookie));
    const inUrl = await nobody().call("GET", `${me}?access_token=${ada.token}`);
    assert.ok(inUrl.status === 401 || inUrl.status === 422, `${inUrl.status}`);
  });

  test("takes the word Bearer in any case", async () => {
    assert.equal(
      (await nobody().call("GET", me, { headers: { authorization: `bearer ${ada.token}` } }))
        .status,
      200,
    );
  });
});
