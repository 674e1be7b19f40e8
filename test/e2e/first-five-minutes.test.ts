import { execFile } from "node:child_process";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";
import { startLoad } from "./load.ts";
import { openRawSocket } from "./raw-socket.ts";
import { startService, type TestedService } from "./service.ts";
import { copyOfShippedRules } from "./temporary-folder.ts";
import { waitFor } from "./wait-for.ts";

interface RulesView {
  readonly revision: string;
  readonly rules: readonly { readonly id: string }[];
  readonly diagnostics: readonly { readonly file: string; readonly line: number; readonly column: number }[];
  readonly last_load: { readonly ok: boolean; readonly at: string };
}

const allowed = { action_type: "tool_call", action_name: "crm.get_customer", arguments: { id: "cus_1" } };
const denied = { action_type: "command_exec", action_name: "bash", arguments: { command: "rm -rf /" } };
const refund = { action_type: "tool_call", action_name: "stripe.refund", arguments: { charge: "ch_1", amount: 120 } };

describe("the first five minutes", () => {
  let service: TestedService;
  let rulesDir: string;
  beforeAll(async () => {
    rulesDir = copyOfShippedRules();
    service = await startService({ rulesDir });
  });

  const payments = () => join(rulesDir, "payments.yaml");
  const edit = (from: string, to: string) => {
    const text = readFileSync(payments(), "utf8");
    expect(text).toContain(from);
    writeFileSync(payments(), text.replace(from, to));
  };
  const rules = async () =>
    (await service.call<RulesView>("GET", "/v1/policy/rules", { key: service.keys.admin })).body;

  describe("start", () => {
    it("prints each first key once and keeps them in a file for the owner only", async () => {
      await waitFor("the keys are printed", () => service.output.includes("Verdict is ready"));
      expect(Object.keys(service.keys)).toEqual(["admin", "agent", "gateway"]);
      // Once in the list; the agent's again in the command to paste.
      expect(timesIn(service.output, service.keys.admin)).toBe(1);
      expect(timesIn(service.output, service.keys.agent)).toBe(2);
      expect(timesIn(service.output, service.keys.gateway)).toBe(1);
      expect(statSync(join(service.dataDir, "initial-keys.json")).mode & 0o777).toBe(0o600);
      expect(statSync(service.dataDir).mode & 0o777).toBe(0o700);
    });

    it("keeps no key in the clear anywhere but in that file", async () => {
      const { stdout } = await promisify(execFile)("grep", ["-rlaF", service.keys.agent, service.dataDir]);
      expect(stdout.trim().split("\n")).toEqual([join(service.dataDir, "initial-keys.json")]);
    });

    it("prints a curl command that works as it is pasted", async () => {
      const command = /curl -s [\s\S]*?'\n/.exec(service.output)?.[0] ?? "";
      const { stdout } = await promisify(execFile)("/bin/sh", ["-c", command]);
      expect(JSON.parse(stdout)).toMatchObject({ decision: "allow", rule_id: "baseline/read-only-tools" });
    });
  });

  it.each([
    ["an allow", allowed, { decision: "allow", rule_id: "baseline/read-only-tools" }],
    ["a deny", denied, { decision: "deny", rule_id: "filesystem/mass-deletion" }],
    ["an approval_required", refund, { decision: "approval_required", rule_id: "payments/refund-over-cap" }],
  ])("gives %s, with the rule, the revision and a record of it", async (_, request, expected) => {
    const answer = await service.evaluate(request);
    expect(answer).toMatchObject({
      ...expected,
      reason_code: "rule_matched",
      policy_revision: (await rules()).revision,
    });
    expect(answer.latency_ms).toBeGreaterThan(0);
    const path = `/v1/audit/${answer.request_id}`;
    const record = await service.call("GET", path, { key: service.keys.admin });
    expect(record.body).toMatchObject({ id: answer.request_id, decision: expected });
  });

  describe("a rule file that is edited while the service runs", () => {
    it("changes the next answer and the revision", async () => {
      const before = await service.evaluate(refund);
      edit("arguments.amount <= 50\n", "arguments.amount <= 150\n");
      edit(
        "&& arguments.amount > 50 && !(arguments.amount <= 1000",
        "&& arguments.amount > 150 && !(arguments.amount <= 1000",
      );
      const after = await waitFor("the edited rule decides", async () => {
        const answer = await service.evaluate(refund);
        return answer.decision === "allow" && answer;
      });
      expect(after).toMatchObject({ rule_id: "payments/refund-small" });
      expect(after.policy_revision).not.toBe(before.policy_revision);
      expect((await rules()).revision).toBe(after.policy_revision);
    });

    it("is refused with its place when it has an error, and the rules before go on", async () => {
      const { revision } = await rules();
      edit("- id: refund-small\n", "- id: refund-small\n    desicion: deny\n");
      const line = readFileSync(payments(), "utf8").split("\n").indexOf("    desicion: deny") + 1;
      const view = await waitFor("the load is refused", async () => {
        const now = await rules();
        return !now.last_load.ok && now;
      });
      expect(view.diagnostics).toContainEqual(
        expect.objectContaining({ file: "payments.yaml", line, column: 5, severity: "error", code: "unknown-field" }),
      );
      expect(JSON.stringify(view.diagnostics)).toContain("decision");
      expect(view.revision).toBe(revision);
      expect(await service.evaluate(refund)).toMatchObject({ decision: "allow", policy_revision: revision });
      expect(await service.isReady()).toBe(true);
    });

    it("is refused by the reload endpoint too, as a problem that points to the line", async () => {
      const { status, body } = await service.call("POST", "/v1/policy/reload", { key: service.keys.admin });
      expect([status, body.code]).toEqual([422, "rules_invalid"]);
      expect(body.errors).toContainEqual(
        expect.objectContaining({ pointer: expect.stringMatching(/^\/payments\.yaml:\d+:5$/) }),
      );
    });

    it("is active again as soon as it is repaired", async () => {
      const { revision } = await rules();
      edit("    desicion: deny\n", "");
      const view = await waitFor("the repaired file is loaded", async () => {
        const now = await rules();
        return now.last_load.ok && now;
      });
      expect(view).toMatchObject({ revision, diagnostics: [] });
    });
  });

  it("reloads on SIGHUP", async () => {
    const { last_load } = await rules();
    service.signal("SIGHUP");
    await waitFor("another load", async () => (await rules()).last_load.at !== last_load.at);
    expect((await rules()).last_load.ok).toBe(true);
    expect(await service.isReady()).toBe(true);
  });

  it("answers the reload endpoint when the files are active, and only to a key that may", async () => {
    edit("arguments.amount <= 150\n", "arguments.amount <= 160\n");
    const { status, body } = await service.call("POST", "/v1/policy/reload", { key: service.keys.admin });
    expect([status, body.revision]).toEqual([200, (await rules()).revision]);
    expect(await service.evaluate({ ...refund, arguments: { amount: 155 } })).toMatchObject({
      policy_revision: body.revision,
    });
    const agents = await service.call("POST", "/v1/policy/reload", { key: service.keys.agent });
    expect([agents.status, agents.body.code]).toEqual([403, "insufficient_scope"]);
  });

  describe.each(["SIGINT", "SIGTERM"] as const)("%s under load", (signal) => {
    it("answers what is under way, ends with 0, loses no decision that it answered, and starts again without new keys", async () => {
      // So long that a drain which only waits for its end fails this test.
      const first = await startService({ env: { VERDICT_SHUTDOWN_TIMEOUT_MS: "600000" } });
      const { keys } = first;
      const load = startLoad(first);
      const slow = await openRawSocket(first.url);
      const body = JSON.stringify(allowed);
      slow.send(`POST /v1/policy/evaluate HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${keys.agent}\r\n`);
      slow.send(`Content-Type: application/json\r\nContent-Length: ${body.length}\r\nExpect: 100-continue\r\n\r\n`);
      await waitFor("the slow request is under way", () => slow.received().includes("100 Continue"));
      await load.reached(300);

      first.signal(signal);
      await waitFor("the drain begins", () => first.output.includes('"msg":"stopping"'));
      await load.over;
      slow.send(body);
      const late = await slow.whole;
      expect(late).toMatch(/\r\nconnection: close\r\n/i);
      expect(late).toContain('"decision":"allow"');
      const exit = await first.ended;
      expect([exit.code, exit.signal]).toEqual([0, null]);
      expect(load.refused).toEqual([]);

      const second = await startService({ dataDir: first.dataDir });
      await waitFor("the second start is over", () => second.output.includes("keys loaded"));
      // The keys are printed once in the life of a data directory, and go on working.
      expect(second.output).not.toMatch(/vdt_/);
      expect(await second.evaluate({ ...allowed, session_id: "later" }, keys.agent)).toMatchObject({
        decision: "allow",
      });

      const answered = [...load.answered, /"request_id":"([^"]+)"/.exec(late)?.[1]];
      const recorded = (await second.auditRecords("kind=decision")).map(({ id }) => id).slice(0, -1);
      expect(answered.filter((id) => id === undefined || !recorded.includes(id))).toEqual([]);
      expect(new Set(recorded).size).toBe(recorded.length);
      // Nothing was decided without an answer either: no request was cut off.
      expect(recorded).toHaveLength(answered.length);
    });
  });
});

const timesIn = (text: string, part: string) => text.split(part).length - 1;
