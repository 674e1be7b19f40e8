import { InvalidRequest } from "./errors.ts";
import { describeToolCall, refusalOf, type ToolCallOptions } from "./tool-call.ts";
import type { Verdict } from "./verdict.ts";

export type { ToolCall, ToolCallOptions } from "./tool-call.ts";

/** What `inputGuardrails` of a tool takes. */
export interface ToolInputGuardrail {
  readonly type: "tool_input";
  readonly name: string;
  readonly run: (data: {
    readonly toolCall: { readonly name: string; readonly arguments: string };
  }) => Promise<{ behavior: { type: "allow" } | { type: "rejectContent"; message: string } }>;
}

/**
 * For `inputGuardrails` of a tool of the OpenAI Agents SDK: asks before each call and waits for a person where one is
 * needed. A refusal becomes the tool's output, with the reason; when nothing was decided the run ends with the error.
 *
 *     tool({ name: "refund", inputGuardrails: [toolGuardrail(verdict)], ... })
 */
export function toolGuardrail(verdict: Verdict, options: ToolCallOptions = {}): ToolInputGuardrail {
  return {
    type: "tool_input",
    name: "verdict",
    run: async ({ toolCall }) => {
      const call = { name: toolCall.name, input: parseArguments(toolCall.arguments) };
      const refusal = await refusalOf(verdict, call, FRAMEWORK, options);
      return { behavior: refusal === undefined ? { type: "allow" } : { type: "rejectContent", message: refusal } };
    },
  };
}

const FRAMEWORK = "openai-agents";

/**
 * For `needsApproval` of a tool: true when rules want a person, so that the run is interrupted and the program can say
 * so. It does not let anything happen: the guardrail asks again, and waits for Verdict's people.
 */
export function needsApproval(
  verdict: Verdict,
  name: string,
  options: ToolCallOptions = {},
): (context: unknown, input: unknown) => Promise<boolean> {
  return async (_context, input) => {
    const request = describeToolCall({ name, input }, FRAMEWORK, options);
    const { decision } = await verdict.evaluate(request, { raiseOnDeny: false });
    return decision === "approval_required";
  };
}

function parseArguments(text: string): unknown {
  try {
    return text === "" ? {} : JSON.parse(text);
  } catch {
    throw new InvalidRequest("The arguments of the tool call are not JSON.");
  }
}
