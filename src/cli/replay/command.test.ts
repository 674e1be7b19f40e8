import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createFakeCli, type FakeCliOptions } from "../../../test/fake-cli.ts";
import { createTestService, TEST_RULES } from "../../../test/test-service.ts";
import type { AuditService } from "../index.ts";

const SAME = { "test.yaml": TEST_RULES };
/** Refunds up to 40 instead of 50. */
const STRICTER = { "test.yaml": TEST_RULES.replaceAll("50", "40") };

let verdict: Awaited<ReturnType<typeof createTestService>>;
let folder: string;
let exported: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "verdict-replay-"));
  verdict = await createTestService();
  for (const amount of [10, 45, 50, 60, "a lot"]) {
    await verdict.evaluate({ action_type: "tool_call", action_name: "stripe.refund", arguments: { amount } });
  }
  await verdict.evaluate({
    action_type: "tool_call",
    action_name: "crm.get",
    arguments: { password: "hunter2-hunter2" },
  });
  exported = await download({ kind: "decision" });
  writeFileSync(join(folder, "export.ndjson.gz"), gzipSync(exported));
});
afterAll(() => rmSync(folder, { recursive: true }));

const download = async (query: Record<string, string>): Promise<string> => {
  const headers = { host: "localhost", authorization: `Bearer ${verdict.secrets.auditor}` };
  const url = `http://localhost/v1/audit/export?${new URLSearchParams(query)}`;
  return (await verdict.app.request(url, { headers })).text();
};

function cli(options: FakeCliOptions = {}) {
  return createFakeCli({ stdin: exported, rules: { "/home/same": SAME, "/home/stricter": STRICTER }, ...options });
}

/** An audit log as the service's routes give it. */
const service: AuditService = {
  verify: async () => Promise.reject(new Error("not asked for")),
  async export(_format, selection) {
    const text = await download(selection);
    return {
      fileName: undefined,
      chunks: (async function* () {
        yield Buffer.from(text);
      })(),
    };
  },
  keys: async () => new Map(),
  close: async () => {},
};

describe("verdict replay --export", () => {
  test("finds no difference over the rules that decided, and says that the file was not verified", async () => {
    const { code, stdout, stderr } = await cli().run(
      "replay",
      "same",
      "--export",
      "-",
      "--fail-on",
      "any,rules,undecidable",
    );
    expect(stdout).toMatch(/^6 decisions, of 6 records, decided again by sha256:[0-9a-f]{64}\n {2}unchanged +6\n/);
    expect(stderr).toBe("note: whether `-` is what was recorded was not verified: verdict audit verify -\n");
    expect(code).toBe(0);
  });

  test("tells what changes, with examples, by rule, identity and action", async () => {
    const { code, stdout } = await cli().run("replay", "stricter", "--export", "-");
    expect(code).toBe(0);
    expect(stdout).toContain("  changed               2\n");
    expect(stdout).toMatch(
      /\nallow->approval_required \(2\)\n( {2}2026-01-02T03:04:05.000Z {2}[0-9a-f-]{36} {2}agent {2}tool_call stripe.refund {2}test\/refund -> test\/refund-over-cap\n){2}/,
    );
    expect(stdout).toContain("\nby rule\n  2  test/refund -> test/refund-over-cap  (allow->approval_required 2)\n");
    expect(stdout).toContain("\nby identity\n  2  agent  (allow->approval_required 2)\n");
    expect(stdout).toContain("\nby action\n  2  tool_call stripe.refund  (allow->approval_required 2)\n");
  });

  test.each([
    ["any", 6],
    ["allow->approval_required", 6],
    ["allow-to-approval_required", 6],
    ["allow-to-deny, allow-to-approval_required", 6],
    ["allow-to-deny,deny-to-allow,rules", 0],
    ["undecidable", 0],
  ])("--fail-on %s exits %i", async (what, expected) => {
    expect((await cli().run("replay", "stricter", "--export", "-", "--fail-on", what)).code).toBe(expected);
  });

  test.each([
    [["--fail-on", "allow-"], "allow-to-deny"],
    [["--fail-on", "allow->allow"], "Allowed: any"],
    [["--fail-on", "all"], "Allowed: any"],
    [["--examples", "51"], "0 to 50"],
    [["--examples", "-1"], "0 to 50"],
    [["--decision", "maybe"], "Allowed choices"],
    [["--from", "yesterday"], "RFC 3339"],
    [["--url", "http://127.0.0.1:1", "--key", "k"], "--export reads a file"],
  ])("%j is a usage error", async (argv, message) => {
    const { code, stdout, stderr } = await cli().run("replay", "same", "--export", "-", ...argv);
    expect(stderr).toContain(message);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  });

  test("--format json is the whole report", async () => {
    const { stdout } = await cli().run("replay", "stricter", "--export", "-", "--format", "json", "--examples", "1");
    expect(JSON.parse(stdout)).toMatchObject({
      records: 6,
      decisions: 6,
      compared: 6,
      unchanged: 4,
      changed: 2,
      transitions: [{ transition: "allow->approval_required", count: 2, examples: { length: 1 } }],
      undecidable: { count: 0, examples: [] },
      malformed: { count: 0 },
      is_complete: true,
      is_verified: false,
    });
  });

  test("filters choose the decisions", async () => {
    const count = async (...argv: string[]) =>
      JSON.parse((await cli().run("replay", "same", "--export", "-", "--format", "json", ...argv)).stdout).decisions;
    expect(await count("--action-name", "crm.get")).toBe(1);
    expect(await count("--decision", "allow")).toBe(4);
    expect(await count("--rule", "test/refund-over-cap", "--action-type", "tool_call", "--identity", "agent")).toBe(2);
    expect(await count("--session", "s")).toBe(0);
    expect(await count("--from", "2026-01-03T00:00:00Z")).toBe(0);
    expect(await count("--to", "2026-01-03T00:00:00Z")).toBe(6);
  });

  test("a decision that depends on what was redacted is undecidable", async () => {
    const nosy = { "test.yaml": TEST_RULES.replace('when: "true"', 'when: arguments.password != "x"') };
    const replay = cli({ rules: { "/home/nosy": nosy } });
    const { code, stdout } = await replay.run("replay", "nosy", "--export", "-", "--fail-on", "undecidable");
    expect(stdout).toContain("  undecidable           1  it depends on what was redacted\n");
    expect(stdout).toMatch(/\nundecidable \(1\)\n {2}2026.* tool_call crm.get {2}\/request\/arguments\/password\n/);
    expect(code).toBe(6);
  });

  test("a file that ends with .gz is unpacked", async () => {
    const { code, stdout } = await cli().run("replay", "same", "--export", join(folder, "export.ndjson.gz"));
    expect([code, stdout]).toEqual([0, expect.stringContaining("6 decisions")]);
  });

  test("lines that are no records are named and make it fail", async () => {
    const { code, stdout } = await cli({ stdin: exported.replace('{"version":1', "{") }).run(
      "replay",
      "same",
      "--export",
      "-",
    );
    expect(stdout).toContain("malformed lines (1)\n  line 1: not JSON\n");
    expect(code).toBe(1);
  });

  test.each([
    ["a file that is no export", { stdin: "name: value\n" }, "is not an export of the audit log", 1],
    ["rules with errors", { rules: { "/home/same": { "a.yaml": "rules: 1" } } }, "the rules have errors", 1],
    ["a directory that is not there", { rules: {} }, "does not exist", 1],
  ])("%s is an error, and no report", async (_name, options, message, expected) => {
    const { code, stdout, stderr } = await cli(options).run("replay", "same", "--export", "-");
    expect(stderr).toContain(message);
    expect({ code, stdout }).toEqual({ code: expected, stdout: "" });
  });

  test("a file that cannot be read is a usage error", async () => {
    const { code, stderr } = await cli().run("replay", "same", "--export", "no/such/file");
    expect([code, stderr]).toEqual([2, expect.stringContaining("cannot be read (ENOENT)")]);
  });

  test("a file that was cut off is replayed and said to be so", async () => {
    const cut = exported.slice(0, exported.trimEnd().lastIndexOf("\n") + 1);
    const { code, stderr } = await cli({ stdin: cut }).run("replay", "same", "--export", "-");
    expect([code, stderr]).toEqual([0, expect.stringContaining("records may be missing")]);
  });

  test.each([
    ["a file that was cut off", (text: string) => text.slice(0, text.trimEnd().lastIndexOf("\n") + 1), "rules", 1],
    ["an empty file", () => "", "any", 1],
    [
      "a file that was cut off, with a difference in what is left",
      (text: string) => text.split("\n", 2).join("\n"),
      "any",
      6,
    ],
  ])("--fail-on does not pass %s", async (_name, cut, what, expected) => {
    const { code, stderr } = await cli({ stdin: cut(exported) }).run(
      "replay",
      "stricter",
      "--export",
      "-",
      "--fail-on",
      what,
    );
    expect(code).toBe(expected);
    expect(stderr.includes("it may be in the records that are missing")).toBe(expected === 1);
  });

  test("what is recorded cannot move the cursor of who reads the report", async () => {
    const hostile = exported.replaceAll("stripe.refund", "stripe\\u001b[2Jrefund");
    const { stdout } = await cli({ stdin: hostile }).run("replay", "same", "--export", "-");
    expect(stdout).toContain("stripe\\u{1b}[2Jrefund");
    expect(stdout).not.toContain("\u001b");
  });
});

describe("verdict replay of a service's log", () => {
  const asked: unknown[] = [];
  const withService = (given: AuditService = service) =>
    cli({
      stdin: "",
      env: { VERDICT_URL: "http://127.0.0.1:1", VERDICT_API_KEY: "k" },
      openAuditService: async (target) => {
        asked.push(target);
        return given;
      },
    });

  test("asks for the decisions that the filters select, and leaves the log as it was", async () => {
    const before = await download({});
    const argv = ["replay", "stricter", "--action-name", "stripe.refund", "--to", "2026-01-03T00:00:00Z"];
    const { code, stdout, stderr } = await withService().run(...argv);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^5 decisions, of 5 records/);
    expect(asked).toEqual([{ url: "http://127.0.0.1:1", key: "k" }]);
    const records = (text: string) => text.split("\n").filter((line) => !line.includes('"export.end"'));
    expect(records(await download({}))).toEqual(records(before));
  });

  test("fails when the log did not come whole", async () => {
    const cut: AuditService = {
      ...service,
      export: async () => ({
        fileName: undefined,
        chunks: (async function* () {
          yield Buffer.from(exported.slice(0, -500));
        })(),
      }),
    };
    const { code, stderr } = await withService(cut).run("replay", "same");
    expect([code, stderr]).toEqual([1, expect.stringContaining("not complete")]);
  });
});
