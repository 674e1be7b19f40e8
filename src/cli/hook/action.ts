import type { JsonObject } from "../../model/activation.ts";
import type { EvaluateRequest } from "../../model/request.ts";
import { CliError } from "../cli-error.ts";
import { isObject } from "../key-json.ts";

type Action = Pick<EvaluateRequest, "action_type" | "action_name" | "arguments" | "destination">;

/**
 * The action that Claude Code is about to take, as it tells a PreToolUse hook. A tool that is not known is a `tool_call` by its name.
 * @param input the parsed JSON of stdin
 * @throws CliError when it is not that of such a hook
 * @see https://code.claude.com/docs/en/hooks
 */
export function toHookRequest(input: unknown, workspace: string | undefined): EvaluateRequest {
  if (!isObject(input) || input.hook_event_name !== "PreToolUse") {
    throw new CliError("stdin is not what a PreToolUse hook is given", {
      hint: "Register `verdict hook claude-code` under `PreToolUse`, and nowhere else.",
    });
  }
  const { tool_name: tool, tool_input: given, session_id: session, cwd, permission_mode: mode } = input;
  if (typeof tool !== "string" || tool === "") throw new CliError("the hook's input names no tool");
  if (!isObject(given)) throw new CliError("the hook's input has no `tool_input`");
  return {
    // It comes from JSON.
    ...actionOf(tool, given as JsonObject, typeof cwd === "string" ? cwd : undefined),
    ...(typeof session === "string" && session !== "" ? { session_id: session } : undefined),
    context: {
      framework: "claude-code",
      ...(typeof mode === "string" ? { permission_mode: mode } : undefined),
      ...(workspace === undefined ? undefined : { workspace }),
    },
  };
}

function actionOf(tool: string, given: JsonObject, cwd: string | undefined): Action {
  const file = FILE_TOOLS.get(tool);
  if (file !== undefined) return fileAction(...file, given, cwd);
  if (tool === "Bash") return commandAction(given, cwd);
  if (tool === "WebFetch") return fetchAction(given);
  return { action_type: "tool_call", action_name: toolName(tool), arguments: given };
}

/**
 * What is done to a file, by the tool that does it, and where that takes its path from. SECURITY: from nowhere else: the model writes the
 * input, and another field would be asked about instead.
 */
const FILE_TOOLS: ReadonlyMap<string, readonly [name: string, path: string]> = new Map([
  ["Read", ["read", "file_path"]],
  ["NotebookRead", ["read", "notebook_path"]],
  ["LS", ["list", "path"]],
  ["Glob", ["search", "path"]],
  ["Grep", ["search", "path"]],
  ["Write", ["write", "file_path"]],
  ["Edit", ["edit", "file_path"]],
  ["MultiEdit", ["edit", "file_path"]],
  ["NotebookEdit", ["edit", "notebook_path"]],
]);

/** Everything that changes what runs stays an argument; the folder is the host's word, whatever the tool's input says. */
function commandAction(given: JsonObject, cwd: string | undefined): Action {
  if (typeof given.command !== "string") throw new CliError("the hook's input has no `command`");
  return {
    action_type: "command_exec",
    action_name: "bash",
    arguments: { ...given, ...(cwd === undefined ? undefined : { cwd }) },
  };
}

/** A search without a folder begins where the session is. */
function fileAction(name: string, field: string, given: JsonObject, cwd: string | undefined): Action {
  const { [field]: file, ...rest } = given;
  const path = file ?? (name === "search" || name === "list" ? cwd : undefined);
  if (typeof path !== "string") throw new CliError("the hook's input names no file");
  return { action_type: "file_access", action_name: name, arguments: { ...rest, path } };
}

/** `prompt` is for the model that reads the page: the page's server does not see it. */
function fetchAction(given: JsonObject): Action {
  const { url, prompt: _, ...rest } = given;
  if (typeof url !== "string") throw new CliError("the hook's input names no address");
  return { action_type: "http_request", action_name: "GET", arguments: rest, destination: { url } };
}

/** `mcp__stripe__refund` is what rules call `stripe.refund`. */
function toolName(tool: string): string {
  const [, server, name] = /^mcp__(.+?)__(.+)$/s.exec(tool) ?? [];
  return server === undefined ? tool : `${server}.${name}`;
}
