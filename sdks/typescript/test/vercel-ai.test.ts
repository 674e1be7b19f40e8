import { generateText, stepCountIs, streamText, tool } from "ai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { guardTools, type ToolCallOptions, toolApproval } from "../src/vercel-ai.ts";
import { type AnsweringVerdict, startAnsweringVerdict } from "./answering-verdict.ts";

let service: AnsweringVerdict;
beforeAll(async () => {
  service = await startAnsweringVerdict();
});
afterAll(() => service.close());

const usage = { inputTokens: { total: 1 }, outputTokens: { total: 1 } };

/** Calls the tools in its first answer and ends in its second; keeps what it was shown. */
function modelThatCalls(toolNames: readonly string[], input: object) {
  const prompts: string[] = [];
  const calls = toolNames.map((toolName, at) => ({
    type: "tool-call",
    toolCallId: `c${at}`,
    toolName,
    input: JSON.stringify(input),
  }));
  const model = {
    specificationVersion: "v4",
    provider: "test",
    modelId: "test",
    supportedUrls: {},
    doGenerate: async ({ prompt }: { prompt: unknown }) => {
      prompts.push(JSON.stringify(prompt));
      const content = prompts.length === 1 ? calls : [{ type: "text", text: "Done." }];
      const unified = prompts.length === 1 ? "tool-calls" : "stop";
      return { content, finishReason: { unified, raw: unified }, usage, warnings: [] };
    },
    doStream: async ({ prompt }: { prompt: unknown }) => {
      prompts.push(JSON.stringify(prompt));
      const isFirst = prompts.length === 1;
      const unified = isFirst ? "tool-calls" : "stop";
      const end = { type: "finish", finishReason: { unified, raw: unified }, usage };
      const parts = [{ type: "stream-start", warnings: [] }, ...(isFirst ? calls : []), end];
      const stream = new ReadableStream({
        start(controller) {
          for (const part of parts) controller.enqueue(part);
          controller.close();
        },
      });
      return { stream };
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
  const names = ["look_up", "refund", "drop", "masked"] as const;
  return { tools: Object.fromEntries(names.map((name) => [name, counted(name)])), ran };
}

async function run(toolName: string, guard: "execute" | "approval", options: ToolCallOptions = {}) {
  const { tools, ran } = toolsThatCount();
  const { model, prompts } = modelThatCalls([toolName], { id: "7" });
  const guards =
    guard === "execute"
      ? { tools: guardTools(service.verdict, tools, options) }
      : { tools, toolApproval: toolApproval(service.verdict, options) };
  const ended = generateText({ model, prompt: "Go.", stopWhen: stepCountIs(3), ...guards });
  const error = await ended.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return { ran, error, shown: prompts.at(-1) };
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

  it("does not run what comes with duties that nobody takes on", async () => {
    const { ran, shown } = await run("masked", guard);
    expect(ran).toEqual([]);
    expect(shown).toContain("duties that nobody here takes on: redact");
  });

  it("runs it once they are taken on, and not when that fails", async () => {
    const taken: unknown[] = [];
    const { ran } = await run("masked", guard, { onObligations: (...duties) => taken.push(duties) });
    expect(ran).toEqual(["masked 7"]);
    expect(taken).toEqual([
      [[{ type: "redact", params: { fields: ["card"] } }], { name: "masked", input: { id: "7" } }],
    ]);
    const failing = { onObligations: () => Promise.reject(new Error("not now")) };
    expect((await run("masked", guard, failing)).ran).toEqual([]);
  });
});

describe.each(["execute", "approval"] as const)(
  "of the Vercel AI SDK no tool runs that was not allowed: %s",
  (guard) => {
    async function runAll(isStreamed: boolean, { verdict } = service, options = {}) {
      const { tools, ran } = toolsThatCount();
      const { model, prompts } = modelThatCalls(["look_up", "drop", "refund", "look_up", "drop"], { id: "7" });
      const guards =
        guard === "execute"
          ? { tools: guardTools(verdict, tools, options) }
          : { tools, toolApproval: toolApproval(verdict, options) };
      const call = { model, prompt: "Go.", stopWhen: stepCountIs(3), ...guards };
      const errors: unknown[] = [];
      if (isStreamed) await streamText({ ...call, onError: ({ error }) => void errors.push(error) }).consumeStream();
      else await generateText(call).catch((error: unknown) => errors.push(error));
      return { ran: ran.sort(), errors, shown: prompts.at(-1) };
    }

    it.each([false, true])("when it calls several at once (streamed: %s)", async (isStreamed) => {
      const { ran, shown } = await runAll(isStreamed);
      expect(ran).toEqual(["look_up 7", "look_up 7", "refund 7"]);
      expect(shown).toContain("Nobody drops tables.");
    });

    it.each([false, true])("when nothing could be decided (streamed: %s)", async (isStreamed) => {
      const gone = await startAnsweringVerdict();
      await gone.close();
      expect((await runAll(isStreamed, gone)).ran).toEqual([]);
    });

    it.each([false, true])("when the question cannot be put (streamed: %s)", async (isStreamed) => {
      const describe = () => {
        throw new Error("no idea");
      };
      expect((await runAll(isStreamed, service, { describe })).ran).toEqual([]);
    });
  },
);

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
