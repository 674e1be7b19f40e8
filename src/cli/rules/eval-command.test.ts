import { describe, expect, test } from "vitest";
import { createFakeCli, type FakeCliOptions } from "../../../test/fake-cli.ts";
import { createTestService, TEST_RULES } from "../../../test/test-service.ts";
import { parseConfig } from "../../config/index.ts";
import { LIMITS } from "../../model/limits.ts";
import { OFFLINE_CACHE_TTL_SECONDS_MAX } from "../../operations/decisions/evaluate-offline.ts";

const IDENTITY_RULES = `version: 1
policy: who
rules:
  - id: lead
    when: '"lead" in identity.roles'
    decision: allow
    reason: Leads may.
  - id: acme
    when: has(identity.tenant) && identity.tenant == "acme"
    decision: allow
    reason: Acme may.
  - id: mia
    when: identity.name == "mia"
    decision: approval_required
    reason: Mia is asked.
  - id: later
    when: now >= timestamp("2027-01-01T00:00:00Z")
    decision: deny
    reason: Too late.
`;
const rules = {
  "/opt/verdict/rules": { "test.yaml": TEST_RULES },
  "/home/who": { "who.yaml": IDENTITY_RULES },
  "/home/broken": { "b.yaml": "version: 1\npolicy: b\nrules:\n  - id: x\n    decison: deny\n" },
};
const refund = (amount: number) =>
  JSON.stringify({ action_type: "tool_call", action_name: "stripe.refund", arguments: { amount } });
const cliWith = (options: FakeCliOptions) => createFakeCli({ rules, ...options });
const evalWith = (stdin: string | Uint8Array, ...argv: string[]) => cliWith({ stdin }).run("eval", ...argv);

describe("verdict eval", () => {
  test("answers what the service with the same rules answers", async () => {
    const service = await createTestService();
    for (const amount of [20, 120, -1]) {
      const request = { ...JSON.parse(refund(amount)), explain: true };
      const { body } = await service.evaluate(request);
      const local = JSON.parse((await evalWith(JSON.stringify(request))).stdout);
      // The service has opened an approval, and says so.
      const stable = ({
        request_id,
        latency_ms,
        approval,
        explanation: { stages, ...explanation },
        ...rest
      }: typeof body) => {
        const { help_text, ...unhelped } = rest;
        return { ...(approval === undefined ? rest : unhelped), explanation };
      };
      expect(stable(local)).toEqual(stable(body));
      expect(local.request_id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
      const { approval, help_text, ...told } = body;
      expect(Object.keys(local)).toEqual(Object.keys(approval === undefined ? body : told));
    }
  });

  test("reuse of an answer is bounded as in a service with default settings", () => {
    const config = parseConfig({}, { cwd: "/", packageRoot: "/" });
    expect(config.ok && config.config.cacheTtlSeconds).toBe(OFFLINE_CACHE_TTL_SECONDS_MAX);
  });

  test("reads a file, stdin by `-`, and stdin when no file is named", async () => {
    const cli = cliWith({ stdin: refund(120), files: { "/home/r.json": refund(20) } });
    expect(JSON.parse((await cli.run("eval", "r.json")).stdout).decision).toBe("allow");
    expect(JSON.parse((await cli.run("eval", "-")).stdout).decision).toBe("approval_required");
    expect(JSON.parse((await cli.run("eval")).stdout).decision).toBe("approval_required");
  });

  test("exits 0 for every decision, and by the decision with --exit-code", async () => {
    const nothing = JSON.stringify({ action_type: "tool_call", action_name: "unknown" });
    for (const [request, code] of [
      [refund(20), 0],
      [nothing, 3],
      [refund(120), 4],
    ] as const) {
      expect((await evalWith(request)).code).toBe(0);
      expect((await evalWith(request, "--exit-code")).code).toBe(code);
    }
  });

  test("is a summary on a terminal, JSON elsewhere, and what --format says", async () => {
    const terminal = cliWith({ stdin: refund(120), isInteractive: true, env: { NO_COLOR: "1" } });
    const { stdout } = await terminal.run("eval");
    expect(stdout).toMatch(/^APPROVAL REQUIRED\n {2}reason +Refunds above \$50 need a person\.\n/);
    expect(stdout).toContain("test/refund-over-cap");
    expect(JSON.parse((await terminal.run("eval", "--format", "json")).stdout).decision).toBe("approval_required");
    expect((await evalWith(refund(120), "--format", "pretty")).stdout).toBe(stdout);
  });

  test("--explain shows what each rule gave", async () => {
    const { stdout } = await evalWith(refund(120), "--explain", "--format", "pretty");
    expect(stdout).toMatch(/4 rules, \d evaluated after the index; enter [\d.]+ us, decide [\d.]+ us/);
    expect(stdout).toMatch(/\+ matched +test\/refund-over-cap\n/);
    expect(stdout).toMatch(/- not_matched +test\/read\n/);
  });

  test("a rule that errs is shown with its error", async () => {
    const broken = JSON.stringify({ action_type: "sql_query", action_name: "psql", arguments: {} });
    const { stdout } = await evalWith(broken, "--format", "pretty", "--explain");
    expect(stdout).toMatch(/^DENY\n/);
    expect(stdout).toMatch(/reason code +rule_error/);
    expect(stdout).toMatch(/error in +test\/no-drop: /);
    expect(stdout).toMatch(/! error +test\/no-drop: /);
  });

  test("the identity of the body counts, and options override it part by part", async () => {
    const body = { action_type: "a", action_name: "b" };
    const decide = async (identity: object | undefined, ...argv: string[]) => {
      const request = JSON.stringify(identity === undefined ? body : { ...body, identity });
      const { stdout } = await evalWith(request, "--rules", "who", ...argv);
      const { decision, rule_id } = JSON.parse(stdout);
      return `${decision} ${rule_id ?? "-"}`;
    };
    expect(await decide(undefined)).toBe("deny -");
    expect(await decide({ name: "mia" })).toBe("approval_required who/mia");
    expect(await decide({ name: "mia" }, "--identity", "bob")).toBe("deny -");
    expect(await decide({ name: "bob" }, "--role", "x", "--role", "lead")).toBe("allow who/lead");
    expect(await decide({ roles: ["lead"] }, "--role", "x")).toBe("deny -");
    expect(await decide(undefined, "--tenant", "acme")).toBe("allow who/acme");
    expect(await decide({ roles: ["lead"] }, "--now", "2027-01-01T01:00:00+01:00")).toBe("deny who/later");
  });

  test.each([
    ["not JSON", "{", "the request is not JSON", "(whole body)"],
    ["empty", " \n", "the request is empty", "Pipe one request"],
    [
      "a misspelt field",
      '{"action_type":"a","action_name":"b","argument":{}}',
      "not valid",
      "/argument: unknown field",
    ],
    ["a missing field", '{"action_type":"a"}', "not valid", "/action_name: "],
    ["a wrong type", '{"action_type":"a","action_name":"b","identity":"mia"}', "not valid", "/identity: "],
    [
      "a contradiction",
      '{"action_type":"a","action_name":"b","destination":{"url":"https://a.example","domain":"b.example"}}',
      "not valid",
      "/destination/domain: contradicts `url`",
    ],
    ["NUL", '{"action_type":"a\\u0000","action_name":"b"}', "cannot be used", "/action_type: contains NUL"],
    ["too deep", `{"a":${"[".repeat(70)}${"]".repeat(70)}}`, "cannot be used", "nested deeper"],
    ["not UTF-8", Buffer.from([0x7b, 0xff, 0x7d]), "is not UTF-8", "error:"],
    ["a byte order mark", '\ufeff{"action_type":"a","action_name":"b"}', "byte order mark", "error:"],
    ["too large", " ".repeat(LIMITS.bodyBytesMax + 1), "262144 are allowed", "error:"],
  ])("a request that is %s decides nothing: exit 1, the fault on stderr", async (_, request, message, detail) => {
    for (const argv of [[], ["--exit-code"], ["--identity", "bob", "--role", "x"]]) {
      const { code, stdout, stderr } = await evalWith(request, ...argv);
      expect(stderr).toContain(message);
      expect(stderr).toContain(detail);
      expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    }
  });

  test("rules with errors decide nothing: diagnostics on stderr, exit 1", async () => {
    for (const argv of [["--exit-code"], ["--format", "json"], []]) {
      const { code, stdout, stderr } = await evalWith(refund(20), "--rules", "broken", ...argv);
      expect(stderr).toMatch(/^broken\/b\.yaml:\d+:\d+: error: /);
      expect(stderr).toContain("nothing was evaluated");
      expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    }
    expect((await evalWith(refund(20), "--rules", "nowhere", "--exit-code")).code).toBe(1);
  });

  test("a file that cannot be read is a usage error that names it", async () => {
    const { code, stdout, stderr } = await evalWith("", "none.json", "--exit-code");
    expect(stderr).toContain("`none.json` cannot be read (ENOENT)");
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  });

  test.each([
    [["--now", "yesterday"], "RFC 3339"],
    [["--now", "2027-02-30T00:00:00Z"], "RFC 3339"],
    [["--identity", ""], "1 to 256"],
    [["--role", "a\nb"], "Control characters"],
    [["--explian"], "Did you mean --explain?"],
    [["a.json", "b.json"], "too many arguments"],
    [["--format", "yaml"], "pretty, json"],
  ])("%j is a usage error", async (argv, message) => {
    const { code, stdout, stderr } = await evalWith(refund(20), ...argv, "--exit-code");
    expect(stderr).toContain(message);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  });

  test("a rule cannot send escape sequences to the terminal", async () => {
    const hostile = IDENTITY_RULES.replace("Leads may.", '"\\e]0;owned\\a\\u202E may."');
    const cli = cliWith({
      rules: { "/home/h": { "h.yaml": hostile } },
      stdin: '{"action_type":"a","action_name":"b"}',
      isInteractive: true,
      env: { NO_COLOR: "1" },
    });
    for (const format of ["pretty", "json"]) {
      const { stdout } = await cli.run("eval", "--rules", "h", "--role", "lead", "--format", format);
      for (const c of ["\u001b", "\u0007", "\u202e"]) expect(stdout).not.toContain(c);
      expect(stdout).toContain("owned");
    }
  });
});
