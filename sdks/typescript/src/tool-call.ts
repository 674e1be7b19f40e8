import { ApprovalDenied, ApprovalTimeout, PolicyDenied } from "./errors.ts";
import type { ApprovalWait, Verdict } from "./verdict.ts";
import type { EvaluateRequest } from "./wire.ts";

/** A model's call of a tool. */
export interface ToolCall {
  readonly name: string;
  /** What the tool is called with. */
  readonly input: unknown;
}

export interface ToolCallOptions extends ApprovalWait {
  /** Groups the calls of one agent run. */
  readonly sessionId?: string | undefined;
  /** What a call does, where rules shall see more of it than a `tool_call`: a `sql_query`, a `command_exec`. */
  readonly describe?: ((call: ToolCall) => EvaluateRequest | undefined) | undefined;
}

/** The question that a call is. */
export function describeToolCall(call: ToolCall, framework: string, options: ToolCallOptions): EvaluateRequest {
  const own = options.describe?.(call) ?? {
    action_type: "tool_call",
    action_name: call.name,
    arguments: argumentsOf(call.input),
  };
  return {
    ...own,
    ...(options.sessionId === undefined ? {} : { session_id: options.sessionId }),
    context: { framework, ...own.context },
  };
}

function argumentsOf(input: unknown): Record<string, unknown> {
  if (input === undefined || input === null) return {};
  return typeof input === "object" && !Array.isArray(input) ? (input as Record<string, unknown>) : { input };
}

/**
 * Asks, and waits for a person where one is needed. @returns what to tell the model when the call may not be made
 * @throws ServerUnreachable, VerdictError, InvalidRequest: nothing was decided, and the call may not be made either
 */
export async function refusalOf(
  verdict: Verdict,
  request: EvaluateRequest,
  wait: ApprovalWait,
): Promise<string | undefined> {
  try {
    await verdict.guard(request, () => undefined, wait);
    return undefined;
  } catch (error) {
    if (error instanceof PolicyDenied || error instanceof ApprovalDenied || error instanceof ApprovalTimeout)
      return `Not done. ${error.message}`;
    throw error;
  }
}
