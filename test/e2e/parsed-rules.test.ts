import { execFile } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";
import { packageRoot } from "../../src/package-root.ts";
import { startService, type TestedService } from "./service.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { waitFor } from "./wait-for.ts";

/** One allow rule a function; nothing else is allowed. */
const RULES = `version: 1
policy: parsed
rules:
  - id: look
    action: { type: command_exec }
    when: cel.bind(s, shell(arguments.command), s.ok && !s.dynamic && s.programs.all(p, p in ["ls", "wc"]))
    decision: allow
  - id: ask
    action: { type: sql_query }
    when: sql(arguments.query).is_read_only && !sql(arguments.query, "mysql").has_stacked
    decision: allow
  - id: call
    action: { type: http_request }
    when: url(arguments.url).registrable_domain == "example.com" && !url(arguments.url).is_obfuscated
    decision: allow
  - id: connect
    action: { type: network_connect }
    when: ip(arguments.ip).ok && !ip(arguments.ip).in_cidr("10.0.0.0/8")
    decision: allow
`;

const ask = (action_type: string, args: Record<string, string>) => ({
  ...{ action_type, action_name: "x", arguments: args },
});

const CASES = [
  ["ls -l | wc -l", ask("command_exec", { command: "ls -l | wc -l" }), "parsed/look"],
  ["a program behind another", ask("command_exec", { command: "ls; sudo /bin/rm -rf /" }), undefined],
  ["a SELECT", ask("sql_query", { query: "SELECT count(*) FROM t" }), "parsed/ask"],
  [
    "a DELETE in a WITH",
    ask("sql_query", { query: "WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x" }),
    undefined,
  ],
  ["a subdomain", ask("http_request", { url: "https://api.example.com/x" }), "parsed/call"],
  ["a host that only looks so", ask("http_request", { url: "https://example.com@evil.example/" }), undefined],
  ["a public address", ask("network_connect", { ip: "8.8.8.8" }), "parsed/connect"],
  ["a private address behind NAT64", ask("network_connect", { ip: "64:ff9b::a00:1" }), undefined],
] as const;

describe("rules that parse commands, SQL, URLs and addresses", () => {
  let service: TestedService;
  const rulesDir = temporaryFolder();
  const write = (content: string) => writeFileSync(join(rulesDir, "parsed.yaml"), content);
  const post = (path: string, body: unknown) => service.call<object>("POST", path, { key: service.keys.admin, body });

  beforeAll(async () => {
    write(RULES);
    service = await startService({ rulesDir });
  });

  it.each(CASES)("the built service decides %s", async (_, request, rule) => {
    expect(await service.evaluate(request)).toMatchObject(
      rule === undefined ? { decision: "deny", reason_code: "no_matching_rule" } : { decision: "allow", rule_id: rule },
    );
  });

  it("so does a dry run in its worker, and a replay there", async () => {
    const cases = CASES.map(([name, request, rule]) => {
      const expected = rule === undefined ? { decision: "deny" } : { decision: "allow", rule };
      return { name, request, expect: expected };
    });
    const fixtures = [{ path: "parsed.test.yaml", content: JSON.stringify({ cases }) }];
    const rules = [{ path: "parsed.yaml", content: RULES }];
    expect((await post("/v1/policy/dry-run", { rules, fixtures })).body).toMatchObject({
      passed: CASES.length,
      failed: 0,
    });
    expect((await post("/v1/policy/replay", { rules })).status).toBe(200);
  });

  it("rules that begin to call a parser are loaded while it runs", async () => {
    const dir = temporaryFolder();
    writeFileSync(join(dir, "a.yaml"), RULES.replaceAll(/when: .*/g, 'when: "true"'));
    const other = await startService({ rulesDir: dir });
    writeFileSync(join(dir, "a.yaml"), RULES);
    const request = ask("sql_query", { query: "DROP TABLE t" });
    await waitFor("the new rules decide", async () => (await other.evaluate(request)).decision === "deny");
    rmSync(dir, { recursive: true });
  });

  it("so do the commands", async () => {
    const verdict = (...args: string[]) =>
      promisify(execFile)(process.execPath, [join(packageRoot, "dist/main.js"), ...args]);
    expect((await verdict("rules", "check", rulesDir)).stdout).toMatch(/no problems|0 errors|4 rules/);
    expect((await verdict("lint", rulesDir)).stdout).toContain("0 errors");
  });
});
