import { ConfigurationError } from "./errors.ts";
import { guardToolCall, refusalOf, type ToolCallOptions } from "./tool-call.ts";
import type { Verdict } from "./verdict.ts";

export type { ToolCall, ToolCallOptions } from "./tool-call.ts";

/**
 * Tools of the Vercel AI SDK (`ai` 5 and later) that ask before each call. What is refused is thrown, which the SDK hands
 * to the model as the tool's error, with the reason. Of a tool that yields, the last value is the result.
 *
 *     generateText({ model, tools: guardTools(verdict, { refund, lookUp }), prompt })
 * @throws ConfigurationError for a tool without `execute`: it runs where this cannot ask; give `toolApproval` for it
 */
export function guardTools<T extends Readonly<Record<string, object>>>(
  verdict: Verdict,
  tools: T,
  options: ToolCallOptions = {},
): T {
  const guarded = Object.entries(tools).map(([name, tool]) => [name, guardTool(verdict, name, tool, options)]);
  return Object.fromEntries(guarded) as T;
}

type Execute = (input: unknown, ...rest: readonly unknown[]) => unknown;

function guardTool(verdict: Verdict, name: string, tool: object, options: ToolCallOptions): object {
  const { execute } = tool as { execute?: Execute };
  if (typeof execute !== "function") throw new ConfigurationError(`The tool ${name} has no \`execute\` to guard.`);
  const ask: Execute = async (input, ...rest) =>
    guardToolCall(verdict, { name, input }, FRAMEWORK, options, () => lastOf(execute.call(tool, input, ...rest)));
  return { ...tool, execute: ask };
}

const FRAMEWORK = "vercel-ai";

async function lastOf(result: unknown): Promise<unknown> {
  const settled = await result;
  if (typeof settled !== "object" || settled === null || !(Symbol.asyncIterator in settled)) return settled;
  let last: unknown;
  for await (const value of settled as AsyncIterable<unknown>) last = value;
  return last;
}

/** As `ai` 7 and later calls it. */
export type ToolApproval = (call: {
  readonly toolCall: { readonly toolName: string; readonly input: unknown };
}) => Promise<"approved" | { readonly type: "denied"; readonly reason: string }>;

/**
 * For `toolApproval` of `generateText`, `streamText` and agents: asks Verdict, and waits for its people, before a call
 * goes on to wherever it runs. The SDK's own user is not asked: rules say who may answer.
 */
export function toolApproval(verdict: Verdict, options: ToolCallOptions = {}): ToolApproval {
  return async ({ toolCall }) => {
    const call = { name: toolCall.toolName, input: toolCall.input };
    const refusal = await refusalOf(verdict, call, FRAMEWORK, options);
    return refusal === undefined ? "approved" : { type: "denied", reason: refusal };
  };
}
