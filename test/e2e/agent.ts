import { spawn } from "node:child_process";
import { request } from "node:http";
import type postgres from "postgres";
import type { EvaluateResponse } from "../../src/model/response.ts";

/** What the model wants to do next, in the words of an evaluate request. */
export interface Action {
  readonly action_type: string;
  readonly action_name: string;
  readonly arguments?: Readonly<Record<string, unknown>>;
  readonly destination?: { readonly url: string };
}

/** What the model gets to see of its action. */
export type Outcome =
  | { readonly done: true; readonly result: unknown }
  /** `reason` is for the model to act on. */
  | { readonly done: false; readonly decision: "deny" | "approval_required"; readonly reason: string };

/** The model: proposes actions, reads their outcomes, adapts. A generator takes the place of a language model. */
export type Model = Generator<Action, void, Outcome>;

/** Runs an action for real. */
export type Tool = (action: Action) => Promise<unknown>;

/** One turn of the loop, for the test. */
export interface Step {
  readonly action: Action;
  readonly answer: EvaluateResponse;
  readonly outcome: Outcome;
}

export interface AgentOptions {
  readonly model: Model;
  /** By action type. */
  readonly tools: Readonly<Record<string, Tool>>;
  /** Asks Verdict. */
  readonly ask: (action: Action) => Promise<EvaluateResponse>;
}

/** The whole integration: ask first, act on `allow` only, hand the reason of everything else back to the model. */
export async function runAgent({ model, tools, ask }: AgentOptions): Promise<Step[]> {
  const steps: Step[] = [];
  for (let turn = model.next(); turn.done !== true; ) {
    const action = turn.value;
    const answer = await ask(action);
    const outcome = await act(action, answer, tools);
    steps.push({ action, answer, outcome });
    turn = model.next(outcome);
  }
  return steps;
}

async function act(action: Action, answer: EvaluateResponse, tools: AgentOptions["tools"]): Promise<Outcome> {
  if (answer.decision !== "allow") return { done: false, decision: answer.decision, reason: answer.reason };
  const tool = tools[action.action_type];
  if (tool === undefined) throw new Error(`the agent has no tool for ${action.action_type}`);
  try {
    return { done: true, result: await tool(action) };
  } catch (error) {
    return { done: true, result: { error: String(error) } };
  }
}

/** `POST /v1/policy/evaluate`, with the built-in fetch. */
export function askVerdict(url: string, key: string, session: string, context: object) {
  return async (action: Action): Promise<EvaluateResponse> => {
    const response = await fetch(`${url}/v1/policy/evaluate`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      body: JSON.stringify({ ...action, session_id: session, context }),
    });
    return (await response.json()) as EvaluateResponse;
  };
}

/** Calls over HTTP; everything that is not on this machine goes through `proxyUrl`, as in a locked-down network. */
export function httpTool(proxyUrl: string): Tool {
  return ({ action_name, arguments: args, destination }) => {
    const target = new URL(destination?.url ?? "");
    const isLocal = target.hostname === "127.0.0.1";
    const path = isLocal ? `${target.pathname}${target.search}` : target.href;
    return sendJson(isLocal ? target : new URL(proxyUrl), action_name.split(" ")[0] ?? "GET", path, args?.body);
  };
}

/** The refund tool: a call of the shop's API. */
export function refundTool(apiUrl: string): Tool {
  return (action) => sendJson(new URL(apiUrl), "POST", "/refunds", action.arguments);
}

/** Runs SQL as it comes. */
export function sqlTool(client: postgres.Sql): Tool {
  return async ({ arguments: args }) => [...(await client.unsafe(String(args?.query)))];
}

/** Runs a command line with `/bin/sh` in the workspace. */
export function shellTool(cwd: string, env: Readonly<Record<string, string>>): Tool {
  return ({ arguments: args }) =>
    new Promise((resolve, reject) => {
      const child = spawn("/bin/sh", ["-c", String(args?.command)], { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
      let output = "";
      child.stdout.on("data", (chunk) => {
        output += chunk;
      });
      child.once("error", reject);
      child.once("close", (code) => resolve({ code, output }));
    });
}

function sendJson(server: URL, method: string, path: string, body: unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { "content-type": "application/json" };
    const sending = request({ host: server.hostname, port: server.port, method, path, headers }, (response) => {
      let text = "";
      response.on("data", (chunk) => {
        text += chunk;
      });
      response.on("error", reject);
      response.on("end", () =>
        resolve({ status: response.statusCode, body: text === "" ? undefined : JSON.parse(text) }),
      );
    });
    sending.on("error", reject);
    sending.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
