import { describe, expect, test } from "vitest";
import { createFakeCli, FAKE_ID, FAKE_NOW, type FakeCliOptions } from "../../../test/fake-cli.ts";
import { type ApiKey, createApiKey } from "../../identity/index.ts";
import { AppError } from "../../model/errors.ts";
import { CliError } from "../cli-error.ts";

const DAY = 86_400_000;
const CREATE = ["keys", "create", "--name", "support-agent", "--role", "agent"];

function keyNamed(name: string, rest: Partial<ApiKey> = {}): ApiKey {
  const random = new Uint8Array(32).fill(name.length);
  const { key } = createApiKey({ id: FAKE_ID, identity: { name, roles: [] }, roles: ["agent"], now: FAKE_NOW, random });
  return { ...key, ...rest };
}

describe("verdict keys create", () => {
  test("prints the secret alone on stdout, once, and tells the rest on stderr", async () => {
    const cli = createFakeCli();
    const { code, stdout, stderr } = await cli.run(...CREATE, "--expires", "90d");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^vdt_[A-Za-z0-9_-]{43}\n$/);
    expect(stderr).toContain(`Created key ${FAKE_ID} for support-agent (agent); it expires 2026-04-02T03:04:05.000Z.`);
    expect(stderr).not.toContain("vdt_");
    expect(cli.admin.closed).toBe(1);
  });

  test("passes on every option, repeated ones without doubles", async () => {
    const cli = createFakeCli();
    const many = ["--role", "ci", "--role", "agent", "--scope", "evaluate:as", "--scope", "audit:read"];
    const identity = ["--identity-role", "support", "--identity-role", "support", "--tenant", "acme"];
    await cli.run(...CREATE, ...many, ...identity, "--expires", "2026-02-01T00:00:00+01:00");
    expect(cli.admin.inputs).toEqual([
      {
        identity: { name: "support-agent", roles: ["support"], tenant: "acme" },
        roles: ["agent", "ci"],
        scopes: ["evaluate:as", "audit:read"],
        expiresAt: Date.parse("2026-01-31T23:00:00Z"),
      },
    ]);
    await cli.run(...CREATE);
    expect(cli.admin.inputs[1]).toEqual({
      identity: { name: "support-agent", roles: [] },
      roles: ["agent"],
      scopes: [],
    });
  });

  test("--json is the JSON of the HTTP interface, secret included", async () => {
    const { stdout, stderr } = await createFakeCli().run(...CREATE, "--json");
    expect(JSON.parse(stdout)).toEqual({
      key: expect.stringMatching(/^vdt_/),
      id: FAKE_ID,
      prefix: expect.stringMatching(/^vdt_.{8}$/),
      identity: { name: "support-agent", roles: [] },
      roles: ["agent"],
      scopes: [],
      created_at: "2026-01-02T03:04:05.000Z",
      expires_at: null,
      revoked_at: null,
    });
    expect(stderr).toBe("");
  });

  test.each([
    [["keys", "create", "--role", "agent"], "--name"],
    [["keys", "create", "--name", "a"], "at least one --role or --scope"],
    [["keys", "create", "--name", "", "--role", "agent"], "1 to 256"],
    [["keys", "create", "--name", "x".repeat(257), "--role", "agent"], "1 to 256"],
    [["keys", "create", "--name", "a\u001b[2J", "--role", "agent"], "Control characters"],
    [[...CREATE, "--role", "root"], "agent, gateway, ci, approver, auditor, admin"],
    [[...CREATE, "--scope", "everything"], "keys:write"],
    [[...CREATE, "--expires", "90x"], "12h, 90d, 4w"],
    [[...CREATE, "--expires", "0d"], "12h, 90d, 4w"],
    [[...CREATE, "--expires", "999999w"], "12h, 90d, 4w"],
    [[...CREATE, "--expires", "2025-01-01T00:00:00Z"], "in the past"],
    [["keys", "creat"], "Did you mean create?"],
    [[...CREATE, "--expire", "1d"], "Did you mean --expires?"],
    [["keys"], "Usage: verdict keys"],
  ])("%j is a usage error and makes no key", async (argv, message) => {
    const cli = createFakeCli();
    const { code, stdout, stderr } = await cli.run(...argv);
    expect(stderr).toContain(message);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(cli.opened).toEqual([]);
  });
});

describe("verdict keys list", () => {
  const keys = [
    keyNamed("a"),
    keyNamed("gone", { revokedAt: FAKE_NOW, scopes: ["audit:read"] }),
    keyNamed("late", { expiresAt: FAKE_NOW, identity: { name: "late", roles: [], tenant: "acme" } }),
    keyNamed("soon", { expiresAt: FAKE_NOW + DAY, roles: [], scopes: ["evaluate"] }),
  ];

  test("is a table with the state of every key", async () => {
    const { code, stdout, stderr } = await createFakeCli({ keys: [...keys] }).run("keys", "list");
    const rows = stdout.trimEnd().split("\n");
    expect(rows[0]?.split(/ {2,}/)).toEqual([
      "ID",
      "PREFIX",
      "IDENTITY",
      "ROLES",
      "SCOPES",
      "CREATED",
      "EXPIRES",
      "STATE",
    ]);
    expect(rows.slice(1).map((row) => row.split(/ {2,}/).at(-1))).toEqual(["active", "revoked", "expired", "active"]);
    expect(rows[3]).toContain("late (acme)");
    expect(rows[4]?.split(/ {2,}/).slice(3)).toEqual([
      "-",
      "evaluate",
      "2026-01-02T03:04:05.000Z",
      "2026-01-03T03:04:05.000Z",
      "active",
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  });

  test("--json is the JSON of the HTTP interface, without hashes", async () => {
    const { stdout } = await createFakeCli({ keys: [...keys] }).run("keys", "list", "--json");
    const answer = JSON.parse(stdout);
    expect(answer.items).toHaveLength(4);
    expect(answer.items[1]).toMatchObject({ revoked_at: "2026-01-02T03:04:05.000Z", scopes: ["audit:read"] });
    expect(answer.next_cursor).toBeNull();
    expect(stdout).not.toContain("hash");
  });

  test("an identity's name cannot send escape sequences to the terminal", async () => {
    const cli = createFakeCli({ keys: [keyNamed("a\u001b[2J\u009b2J\nb")] });
    for (const argv of [[], ["--json"]]) {
      const { stdout } = await cli.run("keys", "list", ...argv);
      for (const c of ["\u001b", "\u009b"]) expect(stdout).not.toContain(c);
    }
    expect((await cli.run("keys", "list")).stdout.trimEnd().split("\n")).toHaveLength(2);
  });
});

describe("verdict keys revoke", () => {
  test("says which key ended", async () => {
    const cli = createFakeCli({ keys: [keyNamed("a")] });
    const { code, stdout } = await cli.run("keys", "revoke", FAKE_ID);
    expect(stdout).toMatch(new RegExp(`^Revoked key ${FAKE_ID} \\(vdt_.{8}\\.\\.\\.\\) of a\\.\n$`));
    expect(code).toBe(0);
    const json = JSON.parse((await cli.run("keys", "revoke", FAKE_ID, "--json")).stdout);
    expect(json).toMatchObject({ id: FAKE_ID, revoked_at: "2026-01-02T03:04:05.000Z" });
  });

  test("an id that no key has is exit 1, and the store is closed all the same", async () => {
    const cli = createFakeCli();
    const { code, stdout, stderr } = await cli.run("keys", "revoke", FAKE_ID);
    expect(stderr).toContain("There is no key with this id. [not_found]");
    expect(stderr).toContain("verdict keys list");
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(cli.admin.closed).toBe(1);
  });

  test("a key pasted in place of its id is refused without repeating it", async () => {
    const cli = createFakeCli();
    for (const pasted of [`vdt_${"x".repeat(43)}`, "other-secret-text"]) {
      const { code, stderr } = await cli.run("keys", "revoke", pasted);
      expect(stderr).toContain("not the id of a key");
      expect(stderr).not.toContain(pasted);
      expect(code).toBe(2);
    }
    expect((await cli.run("keys", "revoke")).code).toBe(2);
    expect(cli.opened).toEqual([]);
  });
});

describe("whose keys", () => {
  const KEY = `vdt_${"k".repeat(43)}`;
  const list = async (options: FakeCliOptions, ...argv: string[]) => {
    const cli = createFakeCli(options);
    const result = await cli.run("keys", "list", ...argv);
    return { ...result, opened: cli.opened };
  };

  test("without a key and an address: the store of this environment", async () => {
    expect((await list({})).opened).toEqual([{}]);
    expect((await list({ env: { VERDICT_URL: "", VERDICT_API_KEY: "" } })).opened).toEqual([{}]);
  });

  test("with a key: the service at the address, or on the default one", async () => {
    const env = { VERDICT_API_KEY: KEY };
    expect(await list({ env })).toMatchObject({
      code: 0,
      stderr: "",
      opened: [{ url: "http://127.0.0.1:8181", key: KEY }],
    });
    const url = "https://verdict.example/pdp";
    expect((await list({ env: { ...env, VERDICT_URL: url } })).opened).toEqual([{ url, key: KEY }]);
    expect((await list({ env: { ...env, VERDICT_URL: "http://no" } }, "--url", url)).opened).toEqual([
      { url, key: KEY },
    ]);
  });

  test("a key on the command line wins, with a warning that does not repeat it", async () => {
    const { opened, stderr, code } = await list({ env: { VERDICT_API_KEY: "vdt_other" } }, "--key", KEY);
    expect(opened).toMatchObject([{ key: KEY }]);
    expect(stderr).toContain("warning: other processes can see a key on the command line");
    expect(stderr).not.toContain(KEY);
    expect(code).toBe(0);
  });

  test("a key over plain HTTP to another machine is warned about", async () => {
    const env = { VERDICT_API_KEY: KEY };
    expect((await list({ env }, "--url", "http://verdict.example")).stderr).toContain("plain HTTP");
    for (const url of ["https://verdict.example", "http://localhost:1", "http://[::1]:1", "http://127.0.0.2"]) {
      expect((await list({ env }, "--url", url)).stderr).toBe("");
    }
  });

  test("an address without a key, a wrong address and a wrong key are usage errors", async () => {
    expect(await list({ env: { VERDICT_URL: "http://127.0.0.1:1" } })).toMatchObject({ code: 2, opened: [] });
    for (const url of [
      "nonsense",
      "ftp://a.example",
      "https://u:p4ssword@a.example",
      "https://a.example/?x=1",
      "https://a.example/#x",
    ]) {
      const { code, opened, stderr } = await list({ env: { VERDICT_API_KEY: KEY } }, "--url", url);
      expect({ code, opened }).toEqual({ code: 2, opened: [] });
      expect(stderr).toContain("the address of the service is not one");
      expect(stderr).not.toContain("p4ssword");
    }
    for (const key of ["", "vdt_two words", `vdt_line\n${"b".repeat(20)}`, "vdt_ü"]) {
      const { code, opened } = await list({}, "--key", key);
      expect({ code, opened }).toEqual({ code: 2, opened: [] });
    }
  });

  test.each([
    [new AppError("insufficient_scope", "This needs a scope."), "This needs a scope. [insufficient_scope]", "`admin`"],
    [new AppError("key_expired", "It has expired."), "It has expired. [key_expired]", "VERDICT_API_KEY"],
    [new AppError("storage_unavailable", "The database is down."), "[storage_unavailable]", "Try again"],
    [
      new AppError("invalid_request", "No.", { faults: [{ pointer: "/identity/name", detail: "is taken" }] }),
      "No. [invalid_request]",
      "  /identity/name: is taken",
    ],
    [new CliError("the data directory is in use", { hint: "Stop the service." }), "is in use", "Stop the service."],
    [new TypeError("Bearer vdt_secretsecretsecretsecret failed"), "this is a bug", "TypeError"],
  ])("%s is told with what to do, exit 1", async (error, message, advice) => {
    const { code, stdout, stderr } = await list({ openKeyAdmin: () => Promise.reject(error) });
    expect(stderr).toContain(message);
    expect(stderr).toContain(advice);
    expect(stderr).not.toContain("vdt_secret");
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  });
});
