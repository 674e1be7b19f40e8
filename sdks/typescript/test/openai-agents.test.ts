import { Agent, type Model, type ModelRequest, Runner, setTracingDisabled, tool, Usage } from "@openai/agents-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { needsApproval, toolGuardrail } from "../src/openai-agents.ts";
import { type AnsweringVerdict, startAnsweringVerdict } from "./answering-verdict.ts";

setTracingDisabled(true);
let service: AnsweringVerdict;
beforeAll(async () => {
  service = await startAnsweringVerdict();
});
afterAll(() => service.close());

/** Calls the tools in its first answer and ends in its second; keeps what it was shown. */
function modelThatCalls(...names: string[]) {
  const shown: string[] = [];
  const model: Model = {
    async getResponse(request: ModelRequest) {
      shown.push(JSON.stringify(request.input));
      const calls = names.map((name, at) => {
        return { type: "function_call", callId: `c${at}`, name, arguments: '{"id":"7"}', status: "completed" } as const;
      });
      const content = [{ type: "output_text" as const, text: "Done." }];
      const message = { type: "message" as const, role: "assistant" as const, status: "completed" as const, content };
      return { usage: new Usage(), output: shown.length === 1 ? calls : [message] };
    },
    async *getStreamedResponse(request: ModelRequest) {
      const response = { ...(await model.getResponse(request)), id: "r" };
      yield { type: "response_done", response } as never;
    },
  };
  return { model, shown };
}

function agentWith(name: string, isInterrupted = false) {
  const ran: string[] = [];
  const { model, shown } = modelThatCalls(name);
  const counted = tool({
    name,
    description: name,
    parameters: z.object({ id: z.string() }),
    inputGuardrails: [toolGuardrail(service.verdict)],
    ...(isInterrupted ? { needsApproval: needsApproval(service.verdict, name) } : {}),
    execute: async ({ id }) => {
      ran.push(`${name} ${id}`);
      return `${name} of ${id} done`;
    },
  });
  const agent = new Agent({ name: "Agent", instructions: "Go.", model, tools: [counted] });
  return { agent, ran, shown };
}

describe("the OpenAI Agents SDK asks before a tool runs", () => {
  it("runs what is allowed", async () => {
    const { agent, ran } = agentWith("look_up");
    await new Runner().run(agent, "Go.");
    expect(ran).toEqual(["look_up 7"]);
    expect(service.asked.at(-1)).toMatchObject({
      action_name: "look_up",
      arguments: { id: "7" },
      context: { framework: "openai-agents" },
    });
  });

  it("waits for a person", async () => {
    const { agent, ran } = agentWith("refund");
    await new Runner().run(agent, "Go.");
    expect(ran).toEqual(["refund 7"]);
  });

  it("does not run what is denied, and tells the model why", async () => {
    const { agent, ran, shown } = agentWith("drop");
    await new Runner().run(agent, "Go.");
    expect(ran).toEqual([]);
    expect(shown.at(-1)).toContain("Nobody drops tables. Archive it instead.");
  });

  it("does not run what comes with duties that nobody takes on", async () => {
    const { agent, ran, shown } = agentWith("masked");
    await new Runner().run(agent, "Go.");
    expect(ran).toEqual([]);
    expect(shown.at(-1)).toContain("duties that nobody here takes on: redact");
  });

  it("ends the run when nothing was decided", async () => {
    const { agent, ran } = agentWith("look_up");
    const gone = await startAnsweringVerdict();
    await gone.close();
    agent.tools = [{ ...(agent.tools[0] as object), inputGuardrails: [toolGuardrail(gone.verdict)] } as never];
    await expect(new Runner().run(agent, "Go.")).rejects.toThrow();
    expect(ran).toEqual([]);
  });
});

describe("of the OpenAI Agents SDK no tool runs that was not allowed", () => {
  async function runAll(isStreamed: boolean, { verdict } = service, options = {}) {
    const ran: string[] = [];
    const names = ["look_up", "drop", "refund"];
    const { model, shown } = modelThatCalls("look_up", "drop", "refund", "look_up", "drop");
    const tools = names.map((name) =>
      tool({
        name,
        description: name,
        parameters: z.object({ id: z.string() }),
        inputGuardrails: [toolGuardrail(verdict, options)],
        execute: async ({ id }) => void ran.push(`${name} ${id}`),
      }),
    );
    const inner = new Agent({ name: "Inner", instructions: "Go.", model, tools });
    const outer = modelThatCalls("inner");
    const asTool = inner.asTool({ toolName: "inner", toolDescription: "Does it." });
    const nested = new Agent({ name: "Outer", instructions: "Go.", model: outer.model, tools: [asTool] });
    const go = async (agent: typeof inner) => {
      if (!isStreamed) return void (await new Runner().run(agent, "Go."));
      const result = await new Runner().run(agent, "Go.", { stream: true });
      for await (const _ of result);
      await result.completed;
    };
    await go(inner).catch(() => undefined);
    const direct = ran.splice(0).sort();
    shown.length = 0;
    outer.model.getResponse = ((respond) => async (request: ModelRequest) => {
      const answer = await respond(request);
      const input = '{"input":"Go."}';
      return {
        ...answer,
        output: answer.output.map((item) => ("callId" in item ? { ...item, arguments: input } : item)),
      };
    })(outer.model.getResponse) as never;
    await go(nested).catch(() => undefined);
    return { direct, nested: ran.sort(), shown: shown.at(-1) };
  }

  it.each([false, true])("when it calls several at once, nested too (streamed: %s)", async (isStreamed) => {
    const { direct, nested, shown } = await runAll(isStreamed);
    expect(direct).toEqual(["look_up 7", "look_up 7", "refund 7"]);
    expect(nested).toEqual(direct);
    expect(shown).toContain("Nobody drops tables.");
  });

  it.each([false, true])("when nothing could be decided (streamed: %s)", async (isStreamed) => {
    const gone = await startAnsweringVerdict();
    await gone.close();
    expect(await runAll(isStreamed, gone)).toMatchObject({ direct: [], nested: [] });
  });

  it.each([false, true])("when the question cannot be put (streamed: %s)", async (isStreamed) => {
    const describe = () => {
      throw new Error("no idea");
    };
    expect(await runAll(isStreamed, service, { describe })).toMatchObject({ direct: [], nested: [] });
  });
});

describe("needsApproval", () => {
  it("ends the run when nothing was decided", async () => {
    const gone = await startAnsweringVerdict();
    await gone.close();
    const { agent, ran } = agentWith("look_up");
    const asking = needsApproval(gone.verdict, "look_up");
    agent.tools = [{ ...(agent.tools[0] as object), inputGuardrails: [], needsApproval: asking } as never];
    const result = await new Runner().run(agent, "Go.").catch(() => undefined);
    expect(result?.finalOutput).toBeUndefined();
    expect(ran).toEqual([]);
  });

  it("interrupts the run where rules want a person, and the program's yes alone does not let it happen", async () => {
    const { agent, ran } = agentWith("refund", true);
    const runner = new Runner();
    const first = await runner.run(agent, "Go.");
    expect(first.interruptions).toHaveLength(1);
    expect(ran).toEqual([]);
    first.state.approve(first.interruptions[0]!);
    const before = service.asked.length;
    await runner.run(agent, first.state);
    expect(ran).toEqual(["refund 7"]);
    expect(service.asked.slice(before).at(-1)).toHaveProperty("approval_id");
  });

  it("does not interrupt what is allowed", async () => {
    const { agent, ran } = agentWith("look_up", true);
    expect((await new Runner().run(agent, "Go.")).interruptions).toHaveLength(0);
    expect(ran).toEqual(["look_up 7"]);
  });
});
