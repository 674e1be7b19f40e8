import { generateText, stepCountIs, tool } from "ai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { guardTools, toolApproval } from "../src/vercel-ai.ts";
import { type AnsweringVerdict, startAnsweringVerdict } from "./answering-verdict.ts";

let service: AnsweringVerdict;
beforeAll(async () => {
  service = await startAnsweringVerdict();
});
afterAll(() => service.close());

const usage = { inputTokens: { total: 1 }, outputTokens: { total: 1 } };

/** Calls the tool in its first answer and ends in its second; keeps what it was shown. */
function modelThatCalls(toolName: string, input: object) {
  const prompts: string[] = [];
  const model = {
    specificationVersion: "v4",
    provider: "test",
    modelId: "test",
    supportedUrls: {},
    doGenerate: async ({ prompt }: { prompt: unknown }) => {
      prompts.push(JSON.stringify(prompt));
      const call = { type: "tool-call", toolCallId: "c1", toolName, input: JSON.stringify(input) };
      const content = prompts.length === 1 ? [call] : [{ type: "text", text: "Done." }];
      const unified = prompts.length === 1 ? "tool-calls" : "stop";
      return { content, finishReason: { unified, raw: unified }, usage, warnings: [] };
    },
  };
  return { model: model as never, prompts };
}

function toolsThatCount() {
  const ran: string[] = [];
  const counted = (name: string) =>
    tool({
      description: name,
      inputSchema: z.object({ id: z.string() }),
      execute: async ({ id }) => {
        ran.push(`${name} ${id}`);
        return `${name} of ${id} done`;
      },
    });
  return { tools: { look_up: counted("look_up"), refund: counted("refund"), drop: counted("drop") }, ran };
}

async function run(toolName: string, guard: "execute" | "approval") {
  const { tools, ran } = toolsThatCount();
  const { model, prompts } = modelThatCalls(toolName, { id: "7" });
  const common = { model, prompt: "Go.", stopWhen: stepCountIs(3) };
  if (guard === "execute") await generateText({ ...common, tools: guardTools(service.verdict, tools) });
  else await generateText({ ...common, tools, toolApproval: toolApproval(service.verdict) });
  return { ran, shown: prompts.at(-1) };
}

describe.each(["execute", "approval"] as const)("the Vercel AI SDK asks before a tool runs: %s", (guard) => {
  it("runs what is allowed", async () => {
    const { ran, shown } = await run("look_up", guard);
    expect(ran).toEqual(["look_up 7"]);
    expect(shown).toContain("look_up of 7 done");
    expect(service.asked.at(-1)).toMatchObject({
      action_type: "tool_call",
      action_name: "look_up",
      arguments: { id: "7" },
      context: { framework: "vercel-ai" },
    });
  });

  it("waits for a person", async () => {
    const { ran } = await run("refund", guard);
    expect(ran).toEqual(["refund 7"]);
  });

  it("does not run what is denied, and tells the model why", async () => {
    const { ran, shown } = await run("drop", guard);
    expect(ran).toEqual([]);
    expect(shown).toContain("Nobody drops tables. Archive it instead.");
  });
});

it("a tool that yields gives its last value", async () => {
  const tools = guardTools(service.verdict, {
    look_up: {
      execute: async function* () {
        yield "half";
        yield "whole";
      },
    },
  });
  expect(await tools.look_up.execute()).toBe("whole");
});

it("a tool that runs elsewhere cannot be guarded here, and is refused", () => {
  expect(() => guardTools(service.verdict, { remote: { description: "x" } })).toThrow("remote");
});
