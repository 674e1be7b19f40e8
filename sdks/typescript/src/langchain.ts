import { type AgentMiddleware, createMiddleware, ToolMessage } from "langchain";
import { refusalOf, type ToolCallOptions } from "./tool-call.ts";
import type { Verdict } from "./verdict.ts";

export type { ToolCall, ToolCallOptions } from "./tool-call.ts";

/**
 * Middleware of LangChain (1.0 and later) that asks before each call of a tool and waits for a person where one is needed.
 * A refusal becomes the tool's message, with the reason. Put it last, so that no other middleware changes a call after it
 * was asked about.
 *
 *     createAgent({ model, tools, middleware: [verdictMiddleware(verdict)] })
 */
export function verdictMiddleware(verdict: Verdict, options: ToolCallOptions = {}): AgentMiddleware {
  return createMiddleware({
    name: "Verdict",
    wrapToolCall: async (request, handler) => {
      const { name, args, id } = request.toolCall;
      const refusal = await refusalOf(verdict, { name, input: args }, "langchain", options);
      if (refusal === undefined) return handler(request);
      return new ToolMessage({ content: refusal, tool_call_id: id ?? "", name, status: "error" });
    },
  });
}
