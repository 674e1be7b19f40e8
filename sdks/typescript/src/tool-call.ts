import type { Decision } from "./decision.ts";
import { ApprovalDenied, ApprovalTimeout, PolicyDenied } from "./errors.ts";
import type { ApprovalWait, Verdict } from "./verdict.ts";
import type { EvaluateRequest, Obligation } from "./wire.ts";

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
  /** Takes on the duties that an allow comes with, before the call is made. Without it such an allow is a refusal. */
  readonly onObligations?: ((obligations: readonly Obligation[], call: ToolCall) => unknown) | undefined;
}

/**
 * Asks, waits for a person where one is needed, takes on duties, and makes the call.
 * @throws as `guard` does; PolicyDenied with the reason code `obligations_unmet` for duties that nobody takes on
 */
export function guardToolCall<T>(
  verdict: Verdict,
  call: ToolCall,
  framework: string,
  options: ToolCallOptions,
  run: () => T,
): Promise<Awaited<T>> {
  const permitted = async (decision: Decision): Promise<Awaited<T>> => {
    if (decision.obligations.length > 0) await takeOn(decision, call, options);
    return await run();
  };
  return verdict.guard(describeToolCall(call, framework, options), permitted, options);
}

async function takeOn(decision: Decision, call: ToolCall, { onObligations }: ToolCallOptions): Promise<void> {
  if (onObligations !== undefined) return void (await onObligations(decision.obligations, call));
  const duties = decision.obligations.map(({ type }) => type).join(", ");
  const reason = `This comes with duties that nobody here takes on: ${duties}.`;
  throw new PolicyDenied({ ...decision, decision: "deny", reason, reasonCode: "obligations_unmet" });
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
  call: ToolCall,
  framework: string,
  options: ToolCallOptions,
): Promise<string | undefined> {
  try {
    await guardToolCall(verdict, call, framework, options, () => undefined);
    return undefined;
  } catch (error) {
    if (error instanceof PolicyDenied || error instanceof ApprovalDenied || error instanceof ApprovalTimeout)
      return `Not done. ${error.message}`;
    throw error;
  }
}
