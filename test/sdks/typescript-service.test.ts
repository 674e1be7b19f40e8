import { execFile } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";
import { type EvaluateRequest, Verdict, type VerdictOptions } from "../../sdks/typescript/src/index.ts";
import { packageRoot } from "../../src/package-root.ts";
import { startService, type TestedService } from "../e2e/service.ts";
import { temporaryFolder } from "../e2e/temporary-folder.ts";
import { waitFor } from "../e2e/wait-for.ts";

const run = promisify(execFile);
const SDK = join(packageRoot, "sdks", "typescript");
const RULES = `
version: 1
policy: test
rules:
  - id: orders
    action: { type: http_request }
    when: dest_domain == "orders.example.com"
    decision: allow
    reason: Orders may be looked at.
  - id: elsewhere
    action: { type: http_request }
    when: dest_domain != "orders.example.com"
    decision: deny
    reason: Only orders are asked for.
  - id: rows
    action: { type: sql_query }
    when: arguments.query.startsWith("SELECT")
    decision: allow
    reason: Rows may be read.
  - id: drop
    action: { type: sql_query }
    when: arguments.query.startsWith("DROP")
    decision: deny
    reason: Tables are not dropped here.
    help_text: Archive the rows instead.
  - id: shell
    action: { type: command_exec }
    decision: approval_required
    reason: Somebody looks at commands.
`;
const ORDERS: EvaluateRequest = {
  action_type: "http_request",
  action_name: "GET",
  destination: { url: "https://orders.example.com/" },
};
const DROP: EvaluateRequest = {
  action_type: "sql_query",
  action_name: "db",
  arguments: { query: "DROP TABLE orders" },
};
const command = (text: string): EvaluateRequest => ({
  action_type: "command_exec",
  action_name: "bash",
  arguments: { command: text },
});

let service: TestedService;
const client = (options: VerdictOptions = {}) =>
  new Verdict({ url: service.url, apiKey: service.keys.agent, ...options }, { env: {} });
const approver = () => client({ apiKey: service.keys.admin });

beforeAll(async () => {
  const rulesDir = temporaryFolder();
  writeFileSync(join(rulesDir, "test.yaml"), RULES);
  service = await startService({ rulesDir });
});

/** Answers the question about this command as soon as it is asked. */
async function answerOnceAsked(text: string, answer: (id: string) => Promise<unknown>): Promise<void> {
  const asked = await waitFor("nobody asked", async () => {
    const { items } = await approver().approvals.list({ status: "pending" });
    return items.find(({ request }) => JSON.stringify(request).includes(text));
  });
  await answer(asked.id);
}
const approve = (id: string) => approver().approvals.approve(id, { note: "Fine." });

describe("the TypeScript client and the service", () => {
  it("allow, and say why", async () => {
    expect(await client().evaluate(ORDERS)).toMatchObject({
      decision: "allow",
      ruleId: "test/orders",
      failOpen: false,
    });
    expect(await client().guard(ORDERS, () => "ran")).toBe("ran");
  });

  it("deny, and say why and what to do instead", async () => {
    await expect(client().evaluate(DROP)).rejects.toMatchObject({
      name: "PolicyDenied",
      ruleId: "test/drop",
      reason: "Tables are not dropped here.",
      helpText: "Archive the rows instead.",
    });
    expect(await client().check(DROP)).toBe(false);
  });

  it("wait for a person, and run once", async () => {
    let ran = 0;
    const answer = client().guard(command("git status"), (decision) => {
      ran += 1;
      return decision.reasonCode;
    });
    await answerOnceAsked("git status", approve);
    expect(await answer).toBe("approval_granted");
    expect(ran).toBe(1);
  });

  it("hand a person's no to the agent", async () => {
    let ran = 0;
    const answer = client().guard(command("rm -r ."), () => (ran += 1));
    const denied = expect(answer).rejects.toMatchObject({
      name: "ApprovalDenied",
      status: "denied",
      reason: "Not that.",
    });
    await answerOnceAsked("rm -r .", (id) => approver().approvals.deny(id, { reason: "Not that." }));
    await denied;
    expect(ran).toBe(0);
  });

  it("decide a batch one by one", async () => {
    const results = await client().evaluateBatch([ORDERS, DROP, {} as EvaluateRequest]);
    expect(results).toMatchObject([
      { decision: "allow" },
      { decision: "deny" },
      { status: 400, code: "invalid_request" },
    ]);
  });

  it("keep an answer for as long as the service says", async () => {
    const verdict = client({ cacheTtlSeconds: 60 });
    const first = await verdict.evaluate(ORDERS);
    expect(first.cacheTtlSeconds).toBeGreaterThan(0);
    expect(await verdict.evaluate(ORDERS)).toEqual({ ...first, cached: true });
  });

  it("keep nothing that was answered before a key was revoked", async () => {
    const verdict = client({ cacheTtlSeconds: 60, events: "on" });
    const isKept = async () => (await verdict.evaluate(ORDERS)).cached;
    await waitFor("the stream", isKept);
    const body = { identity: { name: "other" }, roles: ["agent"] };
    const made = await service.call<{ id: string }>("POST", "/v1/keys", { key: service.keys.admin, body });
    await service.call("DELETE", `/v1/keys/${made.body.id}`, { key: service.keys.admin });
    await waitFor("what was kept is forgotten", async () => !(await isKept()));
    await waitFor("answers are kept again", isKept);
    verdict.close();
    expect(await isKept()).toBe(false);
  });

  it("refuse another key without telling it", async () => {
    const failed = await client({ apiKey: "vdt_not_a_key" })
      .evaluate(ORDERS)
      .catch((error: Error) => error);
    expect(failed).toMatchObject({ name: "VerdictError", status: 401, code: "unauthenticated" });
    expect(String(failed)).not.toContain("vdt_not_a_key");
  });
});

describe("a service that is gone", () => {
  it("allows nothing in closed mode, and a marked allow in open mode", async () => {
    const gone = await startService();
    const options = { url: gone.url, apiKey: gone.keys.agent };
    const warnings: string[] = [];
    const warn = (message: string) => void warnings.push(message);
    await gone.kill();
    await expect(new Verdict(options, { env: {} }).check(ORDERS)).rejects.toMatchObject({ name: "ServerUnreachable" });
    const open = new Verdict({ ...options, failMode: "open" }, { env: {}, warn });
    expect(await open.evaluate(ORDERS)).toMatchObject({ decision: "allow", failOpen: true, ruleId: undefined });
    expect(warnings).toHaveLength(1);
  });
});

describe("the README's agent", () => {
  it("runs as it is written, from the package as it is built", async () => {
    const project = temporaryFolder();
    const installed = join(project, "node_modules", "@verdict", "sdk");
    mkdirSync(installed, { recursive: true });
    cpSync(join(SDK, "package.json"), join(installed, "package.json"));
    await run(process.execPath, [join(SDK, "scripts", "build.mjs"), join(installed, "dist")]);
    const agent = /## An agent[\s\S]*?```js\n([\s\S]*?)```/.exec(readFileSync(join(SDK, "README.md"), "utf8"))![1]!;
    writeFileSync(join(project, "agent.mjs"), agent);
    const env = { VERDICT_URL: service.url, VERDICT_API_KEY: service.keys.agent, PATH: process.env.PATH };
    const [{ stdout }] = await Promise.all([
      run(process.execPath, ["agent.mjs"], { cwd: project, env }),
      answerOnceAsked("echo done", approve),
    ]);
    expect(stdout).toBe("Not done. Only orders are asked for.\nrows of SELECT id FROM orders\ndone\n\n");
    const follows =
      'import { Verdict } from "@verdict/sdk"; const verdict = new Verdict({ events: "on" });' +
      'const ask = () => verdict.evaluate({ action_type: "tool_call", action_name: "x" }, { raiseOnDeny: false });' +
      "while (!(await ask()).cached) await new Promise((resolve) => setTimeout(resolve, 10)); console.log('kept');";
    // It ends, although its stream is open.
    const followed = await run(process.execPath, ["--input-type=module", "--eval", follows], { cwd: project, env });
    expect(followed.stdout).toBe("kept\n");
    const common = 'const { Verdict } = require("@verdict/sdk"); console.log(new Verdict().settings.failMode)';
    expect((await run(process.execPath, ["--eval", common], { cwd: project, env })).stdout).toBe("closed\n");
  });
});
