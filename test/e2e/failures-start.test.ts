import { chmodSync, cpSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { runToEnd, startService, type TestedService } from "./service.ts";
import { mountSmallDisk } from "./small-disk.ts";
import { smallRules, temporaryFolder } from "./temporary-folder.ts";
import { waitFor } from "./wait-for.ts";

const lookup = { action_type: "tool_call", action_name: "crm.get_customer", arguments: { id: "cus_1" } };

/** Keys are there, so that what is left to be missing is the rules. */
async function checksOf(service: TestedService): Promise<Record<string, { status: string }>> {
  return waitFor("the keys are loaded", async () => {
    const { body } = await service.call<{ checks: Record<string, { status: string }> }>("GET", "/readyz");
    return body.checks.keys?.status === "up" && body.checks;
  });
}

describe("rules that cannot be loaded at start", () => {
  const broken = "version: 1\npolicy: broken\nrules:\n  - id: a\n    when: nobody.knows\n    decision: allow\n";
  const writeBroken = (dir: string) => {
    mkdirSync(dir);
    writeFileSync(join(dir, "a.yaml"), broken);
  };
  it.each([
    ["missing", () => {}, "rules-directory-missing"],
    ["empty", (dir: string) => mkdirSync(dir), "no-rule-files"],
    ["broken", writeBroken, "invalid-condition"],
  ])("%s: the service starts, is not ready, denies, and gets ready when they come", async (_, prepare, code) => {
    const rulesDir = join(temporaryFolder(), "rules");
    prepare(rulesDir);
    const service = await startService({ rulesDir, until: "listening" });

    expect(await checksOf(service)).toMatchObject({ rules: { status: "down" } });
    expect((await service.call("GET", "/readyz")).status).toBe(503);
    expect((await service.call("GET", "/healthz")).status).toBe(200);
    expect(await service.evaluate(lookup)).toMatchObject({
      decision: "deny",
      reason_code: "policy_not_ready",
      rules: [],
    });
    const view = await service.call("GET", "/v1/policy/rules", { key: service.keys.admin });
    expect(view.body).toMatchObject({ revision: null, diagnostics: [{ code }], last_load: { ok: false } });

    cpSync(smallRules(), rulesDir, { recursive: true });
    writeFileSync(join(rulesDir, "a.yaml"), broken.replace("nobody.knows", "action_name == 'a'"));
    await waitFor("the rules are found", () => service.isReady());
    expect(await service.evaluate(lookup)).toMatchObject({ decision: "allow" });
  });
});

describe("a data directory that cannot be used", () => {
  it("in use: the second process ends with 1 and names the first, which goes on", async () => {
    const service = await startService({ until: "listening" });
    const exit = await runToEnd({ dataDir: service.dataDir });
    expect(exit.code).toBe(1);
    expect(exit.output).toMatch(`in use by process ${service.pid} since`);
    expect(exit.output).toContain(service.url);
    expect(exit.output).toContain("VERDICT_DATA_DIR");
    await waitFor("the first gets ready all the same", service.isReady);
  });

  it("a file in its place: ends with 1 and says so", async () => {
    const dataDir = join(temporaryFolder(), "data");
    writeFileSync(dataDir, "");
    const exit = await runToEnd({ dataDir });
    expect(exit.code).toBe(1);
    expect(exit.output).toContain(`${dataDir} cannot be a folder because there is a file in its place`);
  });

  it("not writable: ends with 1 and says for whom", async () => {
    const dataDir = join(temporaryFolder(), "data");
    mkdirSync(dataDir);
    // Root may write anywhere, so then somebody else tries.
    const user = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : undefined;
    chmodSync(dirname(dataDir), 0o755);
    chmodSync(dataDir, 0o555);
    const exit = await runToEnd({ dataDir, ...(user === undefined ? undefined : { user }) });
    expect(exit.code).toBe(1);
    expect(exit.output).toContain(`${dataDir} is not writable for user ${user?.uid ?? process.getuid?.()}`);
    expect(readdirSync(dataDir)).toEqual([]);
  });

  const disk = mountSmallDisk();
  it.skipIf(disk === undefined)("full: ends with 1 and says so", async () => {
    disk!.fill();
    const exit = await runToEnd({ dataDir: join(disk!.path, "data") });
    expect(exit.code).toBe(1);
    expect(exit.output).toMatch(/the disk of the data directory .* is full/);
  });
});

describe("a wrong environment", () => {
  it.each([
    ["a wrong value", { VERDICT_LISTEN: "8181" }, /VERDICT_LISTEN: "8181" is not allowed; expected .*port/],
    ["an unknown variable", { VERDICT_LOGLEVEL: "info" }, /VERDICT_LOGLEVEL: .* VERDICT_LOG_LEVEL/],
    ["Redis without PostgreSQL", { REDIS_URL: "redis://127.0.0.1:6379" }, /REDIS_URL.*DATABASE_URL/],
  ])("%s stops the start with 1 and the variable's name, before anything is written", async (_, env, message) => {
    const dataDir = join(temporaryFolder(), "data");
    const exit = await runToEnd({ dataDir, env });
    expect(exit.code).toBe(1);
    expect(exit.output).toMatch(message);
    expect(readdirSync(dirname(dataDir))).toEqual([]);
  });

  it("shows every problem at once, and never a password", async () => {
    const env = { DATABASE_URL: "mysql://root:hunter2@db/x", VERDICT_LOG_LEVEL: "loud", VERDICT_RULE_DIR: "x" };
    const { code, output } = await runToEnd({ env });
    expect(code).toBe(1);
    for (const name of ["DATABASE_URL", "VERDICT_LOG_LEVEL", "VERDICT_RULE_DIR"]) expect(output).toContain(`${name}:`);
    expect(output).not.toContain("hunter2");
  });

  it("an address in use ends with 1, names it and gives the data directory free", async () => {
    const service = await startService({ until: "listening" });
    const dataDir = join(temporaryFolder(), "data");
    const listen = new URL(service.url).host;
    const exit = await runToEnd({ dataDir, listen });
    expect(exit.code).toBe(1);
    expect(exit.output).toContain(`cannot listen on ${listen}: something else listens there`);
    expect(readdirSync(dataDir)).toEqual(["audit-keys", "rule-sets", "spool"]);
  });
});

describe("a unix socket", () => {
  let dataDir: string;
  let path: string;
  beforeAll(() => {
    dataDir = join(temporaryFolder(), "data");
    path = join(temporaryFolder(), "verdict.sock");
  });

  it("is served, and a file that a killed process left is replaced", async () => {
    const listen = `unix:${path}`;
    const first = await startService({ dataDir, listen, until: "listening" });
    expect(first.url).toBe(listen);
    await first.kill();
    expect(readdirSync(dirname(path))).toEqual(["verdict.sock"]);

    const second = await startService({ dataDir, listen });
    expect(await second.evaluate(lookup)).toMatchObject({ decision: "allow" });

    const third = await runToEnd({ listen });
    expect([third.code, third.output]).toEqual([1, expect.stringContaining("something else listens there")]);
    expect(await second.evaluate(lookup)).toMatchObject({ decision: "allow" });

    expect((await second.stop()).code).toBe(0);
    expect(readdirSync(dirname(path))).toEqual([]);
  });

  it("does not take the place of an ordinary file", async () => {
    const file = join(temporaryFolder(), "notes.txt");
    writeFileSync(file, "keep me");
    const exit = await runToEnd({ listen: `unix:${file}` });
    expect(exit.code).toBe(1);
    expect(readdirSync(dirname(file))).toEqual(["notes.txt"]);
  });
});

describe("rules for secrets that cannot be used", () => {
  it.each([
    ["missing", undefined, "cannot be read: ENOENT"],
    ["broken", "[[rules]]\nid = 'a'\nregex = '('\n", "rules[0] (a).regex: RE2 refuses the expression: "],
    ["in Latin-1", Buffer.from("[[rules]]\nid = 'a'\nregex = 'caf\u00e9'\n", "latin1"), "it is not UTF-8"],
  ])("%s: nothing starts, and the file is named", async (_, source, problem) => {
    const file = join(temporaryFolder(), "secrets.toml");
    if (source !== undefined) writeFileSync(file, source);
    const exit = await runToEnd({ env: { VERDICT_AUDIT_REDACT_RULES_FILE: file } });
    expect(exit.code).toBe(1);
    expect(exit.output).toContain(file);
    expect(exit.output).toContain(problem);
  });
});
