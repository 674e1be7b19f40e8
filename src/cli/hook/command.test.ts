import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { createFakeCli } from "../../../test/fake-cli.ts";

const KEY = `vdt_${"k".repeat(43)}`;
const APPROVAL_ID = "019b7ca9-8c88-72b5-a21d-d88e00a3fdfd";

interface Seen {
  readonly path: string;
  readonly body: Record<string, unknown> | undefined;
}

/** What the service answers to one request after the other; the last one again and again. */
type Answer = (response: ServerResponse, seen: Seen) => void;
const json =
  (body: unknown, status = 200): Answer =>
  (response) => {
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(body));
  };
const raw =
  (text: string, status = 200, headers: Record<string, string> = {}): Answer =>
  (response) => {
    response.writeHead(status, headers);
    response.end(text);
  };
const hang: Answer = () => {};

const allow = json({ decision: "allow", reason: "Reading is ordinary." });
const deny = json({ decision: "deny", reason: "Not this.", help_text: "Do that." });
const asking = json({ decision: "approval_required", reason: "A person decides.", approval: { id: APPROVAL_ID } });
const approval = (status: string) => json({ id: APPROVAL_ID, status });

let answers: Answer[] = [];
let seen: Seen[] = [];
const server = createServer(async (request: IncomingMessage, response) => {
  const text = Buffer.concat(await request.toArray()).toString();
  const one = { path: request.url ?? "", body: text === "" ? undefined : JSON.parse(text) };
  seen.push(one);
  (answers.length > 1 ? answers.shift() : answers[0])?.(response, one);
});
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
afterEach(() => {
  seen = [];
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const bash = { tool_name: "Bash", tool_input: { command: "ls" } };
const hookInput = (tool: object) => ({
  session_id: "s-1",
  transcript_path: "/home/t.jsonl",
  cwd: "/home/project",
  permission_mode: "default",
  hook_event_name: "PreToolUse",
  ...tool,
});

interface Given {
  readonly stdin?: string | Uint8Array;
  readonly env?: Record<string, string>;
  readonly readStdin?: () => Promise<Uint8Array>;
}

async function hook(given: Answer[], { stdin = JSON.stringify(hookInput(bash)), ...rest }: Given, ...argv: string[]) {
  answers = given;
  const env = { VERDICT_URL: url, VERDICT_API_KEY: KEY, ...rest.env };
  const cli = createFakeCli({ stdin, ...rest, env });
  const { code, stdout, stderr } = await cli.run("hook", "claude-code", ...argv);
  const output = stdout === "" ? undefined : JSON.parse(stdout).hookSpecificOutput;
  expect(`${stdout}${stderr}`).not.toContain(KEY);
  return { code, stderr, output };
}

const asked = async (tool: object) => {
  await hook([allow], { stdin: JSON.stringify(hookInput(tool)) });
  const body = seen[0]?.body;
  const { context: _, session_id: __, ...action } = body ?? {};
  return action;
};

describe("verdict hook claude-code", () => {
  test("an allow, a deny and an approval_required are the host's allow, deny and ask", async () => {
    expect(await hook([allow], {})).toEqual({
      code: 0,
      stderr: "",
      output: {
        hookEventName: "PreToolUse",
        permissionDecision: "allow",
        permissionDecisionReason: "Verdict: Reading is ordinary.",
      },
    });
    expect((await hook([deny], {})).output).toEqual({
      hookEventName: "PreToolUse",
      permissionDecision: "deny",
      permissionDecisionReason: "Verdict: Not this. Do that.",
    });
    expect((await hook([asking], {})).output.permissionDecision).toBe("ask");
  });

  test.each(["bypassPermissions", "dontAsk", "auto", "someday", 7, undefined])(
    "where the host may ask nobody (%s) an approval_required is a deny that says what to do",
    async (permission_mode) => {
      const stdin = JSON.stringify({ ...hookInput(bash), permission_mode });
      const { code, output } = await hook([asking], { stdin });
      expect({ code, decision: output.permissionDecision }).toEqual({ code: 0, decision: "deny" });
      expect(output.permissionDecisionReason).toContain("A person decides.");
      expect(output.permissionDecisionReason).toContain("--wait");
      const waited = await hook([asking, approval("approved"), allow], { stdin }, "--wait", "60");
      expect(waited.output.permissionDecision).toBe("allow");
    },
  );

  test.each(["acceptEdits", "plan"])("where the host asks its user (%s) it is an ask", async (permission_mode) => {
    const { output } = await hook([asking], { stdin: JSON.stringify({ ...hookInput(bash), permission_mode }) });
    expect(output.permissionDecision).toBe("ask");
  });

  test("what is allowed with duties is a deny: a hook cannot take them on", async () => {
    const duties = { obligations: [{ type: "redact", params: { fields: ["email"] } }, { type: "log" }] };
    for (const answer of [
      { decision: "allow", reason: "Masked.", ...duties },
      { decision: "approval_required", reason: "A person decides.", approval: { id: APPROVAL_ID }, ...duties },
      { decision: "allow", reason: "Masked.", obligations: "redact" },
    ]) {
      const { output } = await hook([json(answer)], {}, "--on-allow", "defer");
      expect(output.permissionDecision).toBe("deny");
      if (Array.isArray(answer.obligations)) expect(output.permissionDecisionReason).toContain("redact, log");
    }
  });

  test("with --on-allow defer an allow says nothing, and a deny is still a deny", async () => {
    expect(await hook([allow], {}, "--on-allow", "defer")).toEqual({ code: 0, stderr: "", output: undefined });
    expect((await hook([deny], {}, "--on-allow", "defer")).output.permissionDecision).toBe("deny");
  });

  test("each tool is asked about as what it does", async () => {
    expect(
      await asked({ tool_name: "Bash", tool_input: { command: "ls", run_in_background: true, cwd: "/" } }),
    ).toEqual({
      action_type: "command_exec",
      action_name: "bash",
      arguments: { command: "ls", run_in_background: true, cwd: "/home/project" },
    });
  });

  test.each([
    ["Read", { file_path: "/a", limit: 2 }, "read", { path: "/a", limit: 2 }],
    ["Write", { file_path: "/a", content: "x" }, "write", { path: "/a", content: "x" }],
    [
      "Edit",
      { file_path: "/a", old_string: "x", new_string: "y" },
      "edit",
      { path: "/a", old_string: "x", new_string: "y" },
    ],
    ["NotebookEdit", { notebook_path: "/n", new_source: "x" }, "edit", { path: "/n", new_source: "x" }],
    ["Glob", { pattern: "*.ts" }, "search", { path: "/home/project", pattern: "*.ts" }],
    ["Grep", { pattern: "x", path: "/b" }, "search", { path: "/b", pattern: "x" }],
  ])("%s is a file_access", async (tool_name, tool_input, action_name, args) => {
    expect(await asked({ tool_name, tool_input })).toEqual({
      action_type: "file_access",
      action_name,
      arguments: args,
    });
  });

  test.each([
    ["mcp__stripe__refund", "stripe.refund"],
    ["mcp__a__b__c", "a.b__c"],
    ["mcp__broken", "mcp__broken"],
    ["Task", "Task"],
    ["SomethingNew", "SomethingNew"],
  ])("%s is the tool_call %s", async (tool_name, action_name) => {
    const tool_input = { amount: 20 };
    expect(await asked({ tool_name, tool_input })).toEqual({
      action_type: "tool_call",
      action_name,
      arguments: tool_input,
    });
  });

  test.each([
    ["NotebookEdit", { notebook_path: "/secret", file_path: "/a", path: "/a" }, "/secret"],
    ["Read", { file_path: "/secret", notebook_path: "/a", path: "/a" }, "/secret"],
    ["Write", { file_path: "/secret", notebook_path: "/a", path: "/a" }, "/secret"],
    ["Grep", { path: "/secret", file_path: "/a", notebook_path: "/a" }, "/secret"],
    ["Glob", { file_path: "/a", notebook_path: "/a" }, "/home/project"],
  ])("%s is asked about the file that it takes, whatever else is there", async (tool_name, tool_input, path) => {
    expect(await asked({ tool_name, tool_input })).toMatchObject({ arguments: { path } });
  });

  test("a file where the tool takes none is no file", async () => {
    for (const tool of [
      { tool_name: "NotebookEdit", tool_input: { file_path: "/a" } },
      { tool_name: "Read", tool_input: { path: "/a" } },
    ]) {
      const { code, output } = await hook([allow], { stdin: JSON.stringify(hookInput(tool)) });
      expect({ code, output }).toEqual({ code: 2, output: undefined });
    }
  });

  test("WebFetch is an http_request to its address", async () => {
    const tool_input = { url: "https://example.com/a", prompt: "Sum it up." };
    expect(await asked({ tool_name: "WebFetch", tool_input })).toEqual({
      action_type: "http_request",
      action_name: "GET",
      arguments: {},
      destination: { url: "https://example.com/a" },
    });
  });

  test("the session and what the host says around the call go along", async () => {
    await hook([allow], { env: { CLAUDE_PROJECT_DIR: "/home/project" } });
    expect(seen[0]?.body).toMatchObject({
      session_id: "s-1",
      context: { framework: "claude-code", permission_mode: "default", workspace: "/home/project" },
    });
  });

  test("whatever is no hook's input blocks, and nobody is asked", async () => {
    const inputs = [
      "",
      "not JSON",
      "[]",
      "null",
      new Uint8Array([0xff, 0xfe]),
      JSON.stringify({ ...hookInput(bash), hook_event_name: "PostToolUse" }),
      JSON.stringify(hookInput({ tool_name: 7, tool_input: {} })),
      JSON.stringify(hookInput({ tool_name: "Bash" })),
      JSON.stringify(hookInput({ tool_name: "Bash", tool_input: { command: ["ls"] } })),
      JSON.stringify(hookInput({ tool_name: "Read", tool_input: {} })),
      JSON.stringify(hookInput({ tool_name: "WebFetch", tool_input: {} })),
      '{"hook_event_name":"PreToolUse","tool_name":"Read","tool_name":"Bash","tool_input":{"command":"ls"}}',
      `{"hook_event_name":"PreToolUse","tool_name":"Bash","tool_input":${"[".repeat(200)}${"]".repeat(200)}}`,
      '{"hook_event_name":"PreToolUse","tool_name":"x","tool_input":{"amount":9007199254740993}}',
    ];
    for (const stdin of inputs) {
      const { code, stderr, output } = await hook([allow], { stdin });
      expect({ stdin, code, output }).toEqual({ stdin, code: 2, output: undefined });
      expect(stderr).toContain("blocked");
    }
    expect(seen).toEqual([]);
  });

  test("whatever is no decision blocks", async () => {
    const given: Record<string, Answer> = {
      html: raw("<html>allow</html>"),
      truncated: raw('{"decision":"allow"'),
      empty: raw(""),
      unknown: json({ decision: "permit" }),
      missing: json({}),
      list: json([{ decision: "allow" }]),
      accepted: json({ decision: "allow", reason: "Later." }, 202),
      partial: json({ decision: "allow", reason: "Half." }, 206),
      problem: json({ decision: "allow", code: "internal_error", detail: "no" }, 500),
      unauthenticated: json({ code: "unauthenticated", detail: `Not a key: ${KEY}` }, 401),
      redirect: raw("", 307, { location: `${url}/elsewhere` }),
      broken: (response) => response.destroy(),
    };
    for (const [name, answer] of Object.entries(given)) {
      const { code, stderr, output } = await hook([answer], {});
      expect({ name, code, output }).toEqual({ name, code: 2, output: undefined });
      expect(stderr).toContain("blocked");
    }
    expect(seen).toHaveLength(Object.keys(given).length);
  });

  test("a service that hangs, or is not there, blocks by the command's own deadline", async () => {
    const late = await hook([hang], {}, "--timeout", "0.2");
    expect(late).toMatchObject({ code: 2, output: undefined });
    expect(late.stderr).toContain("no decision within 0.2 s");
    expect(await hook([allow], { env: { VERDICT_URL: "http://127.0.0.1:1" } })).toMatchObject({ code: 2 });
  });

  test("a host that never ends stdin is blocked too", async () => {
    const readStdin = () => new Promise<Uint8Array>(() => {});
    expect(await hook([allow], { readStdin }, "--timeout", "0.2")).toMatchObject({ code: 2, output: undefined });
  });

  test("a wrong command line and a key that is missing block", async () => {
    expect(await hook([allow], {}, "--timeout", "0")).toMatchObject({ code: 2, output: undefined });
    expect(await hook([allow], {}, "--nonsense")).toMatchObject({ code: 2, output: undefined });
    expect(await hook([allow], { env: { VERDICT_API_KEY: "" } })).toMatchObject({ code: 2, output: undefined });
    expect(await hook([allow], { env: { VERDICT_URL: "ftp://x" } })).toMatchObject({ code: 2, output: undefined });
    expect(seen).toEqual([]);
  });

  test("a reason that quotes the key does not hand it to the model", async () => {
    const { output } = await hook([json({ decision: "deny", reason: `No: ${KEY}` })], {});
    expect(output.permissionDecision).toBe("deny");
  });

  test("with --wait a person's yes is used up for the very same action", async () => {
    const { output } = await hook([asking, approval("pending"), approval("approved"), allow], {}, "--wait", "60");
    expect(output.permissionDecision).toBe("allow");
    expect(seen.map(({ path }) => path.replace(/\?.*/, ""))).toEqual([
      "/v1/policy/evaluate",
      `/v1/approvals/${APPROVAL_ID}`,
      `/v1/approvals/${APPROVAL_ID}`,
      "/v1/policy/evaluate",
    ]);
    expect(seen[3]?.body).toEqual({ ...seen[0]?.body, approval_id: APPROVAL_ID });
  });

  test("with --wait a person's no, a second question and nobody's answer are a deny", async () => {
    const no = await hook([asking, approval("denied"), deny], {}, "--wait", "60");
    expect(no.output.permissionDecision).toBe("deny");
    const again = await hook([asking, approval("approved"), asking], {}, "--wait", "60");
    expect(again.output.permissionDecision).toBe("deny");
    const nobody = await hook([asking, hang], {}, "--wait", "0.2");
    expect(nobody.output).toMatchObject({
      permissionDecision: "deny",
      permissionDecisionReason: "Verdict: Nobody answered within 0.2 seconds: A person decides.",
    });
  });

  test("with --wait a service that is away for a moment is asked again", async () => {
    const away = json({ code: "not_ready", detail: "Starting." }, 503);
    const { output } = await hook([asking, away, approval("approved"), allow], {}, "--wait", "60");
    expect(output.permissionDecision).toBe("allow");
  });

  test("with --wait an approval that nobody can name, or that is another's, blocks", async () => {
    const nameless = json({ decision: "approval_required", reason: "A person decides." });
    expect(await hook([nameless], {}, "--wait", "60")).toMatchObject({ code: 2 });
    const other = json({ id: "other", status: "approved" });
    expect(await hook([asking, other], {}, "--wait", "60")).toMatchObject({ code: 2 });
  });
});
