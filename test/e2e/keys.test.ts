import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { packageRoot } from "../../src/package-root.ts";
import { freePort } from "../servers.ts";
import { freshPostgres } from "../shared-servers.ts";
import { createHttpClient } from "./http-client.ts";
import { startService, type TestedService } from "./service.ts";
import { temporaryFolder } from "./temporary-folder.ts";

type Environment = Readonly<Record<string, string>>;

/** `verdict keys ...` in a process of its own. */
function keys(env: Environment, ...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const program = join(packageRoot, "dist", "main.js");
  const options = { env: { PATH: process.env.PATH, ...env }, cwd: temporaryFolder() };
  return new Promise((resolve) => {
    execFile(process.execPath, [program, "keys", ...args], options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

const create = (env: Environment) => keys(env, "create", "--name", "nightly", "--role", "agent");

/** Names of whom the listed keys are for, sorted. */
async function holders(env: Environment): Promise<string[]> {
  const { code, stdout, stderr } = await keys(env, "list", "--json");
  expect([code, stderr]).toEqual([0, ""]);
  return JSON.parse(stdout)
    .items.map(({ identity }: { identity: { name: string } }) => identity.name)
    .sort();
}

/** Also in CI it may be missing: that is the machine's doing, and a test of its own holds the address. */
function hasIpv6(): boolean {
  const isThere = Object.values(networkInterfaces()).some((addresses) =>
    addresses?.some(({ family }) => family === "IPv6"),
  );
  if (!isThere) console.log("skipped: listening on every address, because this machine has no IPv6");
  return isThere;
}

const FIRST = ["admin", "agent", "gateway"];

describe("the keys of a running embedded service", () => {
  const named = { VERDICT_ALLOWED_HOSTS: "verdict.internal" };
  const tcp = (host: string) => async () => `${host}:${await freePort()}`;
  const socket = async () => `unix:${join(temporaryFolder(), "v.sock")}`;

  const everyAddress: [string, () => Promise<string>, Environment] = ["every address", tcp("[::]"), {}];
  it.each<[string, () => Promise<string>, Environment]>([
    ["every IPv4 address", tcp("0.0.0.0"), {}],
    ...(hasIpv6() ? [everyAddress] : []),
    ["a unix socket", socket, {}],
    ["every address under another name", tcp("0.0.0.0"), named],
    ["a unix socket under another name", socket, named],
  ])("listening on %s are made, listed and revoked by the command line", async (_, listenOn, env) => {
    const listen = await listenOn();
    // The Host that its own client sends may be refused, so the readiness is asked for under one that is served.
    const service = await startService({ env, listen, until: "listening" });
    const client = createHttpClient(service.url.replace("0.0.0.0", "127.0.0.1").replace("[::]", "127.0.0.1"));
    const host = env.VERDICT_ALLOWED_HOSTS ?? "localhost";
    await expect
      .poll(async () => (await client.call("GET", "/readyz", { headers: { host } })).status, { timeout: 20_000 })
      .toBe(200);
    const place = { ...env, VERDICT_DATA_DIR: service.dataDir };

    const { code, stdout, stderr } = await create(place);
    expect([code, stderr]).toEqual([0, expect.stringContaining("Created key")]);
    const body = { action_type: "tool_call", action_name: "crm.get_customer" };
    const ask = () =>
      client.call("POST", "/v1/policy/evaluate", { key: stdout.trim(), body, headers: { host } }).then(outcome);
    expect(await ask()).toBe("allow");
    expect(await holders(place)).toEqual([...FIRST, "nightly"]);

    const id = /Created key (\S+)/.exec(stderr)?.[1] ?? "";
    expect(await keys(place, "revoke", id)).toMatchObject({ code: 0 });
    expect(await ask()).toBe("key_revoked");
    client.close();
  });

  it("need its allowed hosts: without them the message says so", async () => {
    const service = await startService({ env: named, until: "listening" });
    await expect.poll(() => existsSync(join(service.dataDir, "initial-keys.json")), { timeout: 20_000 }).toBe(true);
    const { code, stderr } = await keys({ VERDICT_DATA_DIR: service.dataDir }, "list");
    expect([code, stderr]).toEqual([1, expect.stringContaining("set VERDICT_ALLOWED_HOSTS here")]);
  });

  it("need a key: without the file of the first ones the message names the address and the variables", async () => {
    const service = await startService();
    rmSync(join(service.dataDir, "initial-keys.json"));
    const { code, stderr } = await keys({ VERDICT_DATA_DIR: service.dataDir }, "list");
    expect(code).toBe(1);
    expect(stderr).toContain("VERDICT_API_KEY");
    expect(stderr).toContain(`VERDICT_URL=${service.url}`);
  });
});

const outcome = ({ body }: { body: Record<string, unknown> }) => (body.decision === "allow" ? "allow" : body.code);

describe("the keys of a stopped embedded service", () => {
  it("are managed in its data directory, and the service knows them when it starts again", async () => {
    const first = await startService();
    expect((await first.stop()).code).toBe(0);
    const place = { VERDICT_DATA_DIR: first.dataDir };
    const { code, stdout } = await create(place);
    expect(code).toBe(0);
    expect(await holders(place)).toEqual([...FIRST, "nightly"]);

    const second = await startService({ dataDir: first.dataDir });
    const lookup = { action_type: "tool_call", action_name: "crm.get_customer" };
    expect(await second.evaluate(lookup, stdout.trim())).toMatchObject({ decision: "allow" });
    const made = (await second.auditRecords("kind=key.created")).at(-1);
    expect(made).toMatchObject({ actor: "operator", data: { identity: { name: "nightly" } } });
  });

  it.each(["create", "list"])("%s before the first start makes nothing and says to start it once", async (verb) => {
    const dataDir = join(temporaryFolder(), "data");
    const act = () =>
      (verb === "create" ? create : (env: Environment) => keys(env, verb))({ VERDICT_DATA_DIR: dataDir });
    const nothing = { code: 1, stdout: "", stderr: expect.stringContaining(`there is no Verdict data in ${dataDir}`) };
    expect(await act()).toEqual(nothing);
    expect(existsSync(dataDir)).toBe(false);

    mkdirSync(dataDir);
    expect(await act()).toEqual(nothing);
    expect(readdirSync(dataDir)).toEqual([]);

    // Nothing stands in the way of the first start.
    const service: TestedService = await startService({ dataDir });
    expect(Object.keys(service.keys)).toEqual(FIRST);
  });
});

const databaseUrl = await freshPostgres();

describe.skipIf(databaseUrl === undefined)("the keys of server mode", () => {
  const place = { DATABASE_URL: databaseUrl! };

  it("are made by the first start: before it there is none to be made by hand", async () => {
    const refused = await create(place);
    expect(refused).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("Start the service once") });
    expect(await holders(place)).toEqual([]);

    const service = await startService({ env: { ...place, VERDICT_KEY_REFRESH_MS: "100" } });
    expect(Object.keys(service.keys)).toEqual(FIRST);
    const { code, stdout } = await create(place);
    expect(code).toBe(0);
    expect(await holders(place)).toEqual([...FIRST, "nightly"]);
    await expect
      .poll(() => service.call("GET", "/v1/keys", { key: stdout.trim() }).then(({ body }) => body.code))
      .toBe("insufficient_scope");
  });
});

describe("a database that is down", () => {
  it("is told by the error's code, without the password, and not by a log that nobody writes", async () => {
    const url = `postgres://verdict:hunter2@127.0.0.1:${await freePort()}/verdict`;
    const { code, stdout, stderr } = await keys({ DATABASE_URL: url }, "list");
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toContain("(ECONNREFUSED)");
    expect(stderr).not.toMatch(/hunter2|log says/);
  });
});
