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

/** Calls the tool in its first answer and ends in its second; keeps what it was shown. */
function modelThatCalls(name: string) {
  const shown: string[] = [];
  const model: Model = {
    async getResponse(request: ModelRequest) {
      shown.push(JSON.stringify(request.input));
      const call = { type: "function_call", callId: "c1", name, arguments: '{"id":"7"}', status: "completed" } as const;
      const content = [{ type: "output_text" as const, text: "Done." }];
      const message = { type: "message" as const, role: "assistant" as const, status: "completed" as const, content };
      return { usage: new Usage(), output: [shown.length === 1 ? call : message] };
    },
    getStreamedResponse() {
      throw new Error("not streamed here");
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

  it("ends the run when nothing was decided", async () => {
    const { agent, ran } = agentWith("look_up");
    const gone = await startAnsweringVerdict();
    await gone.close();
    agent.tools = [{ ...(agent.tools[0] as object), inputGuardrails: [toolGuardrail(gone.verdict)] } as never];
    await expect(new Runner().run(agent, "Go.")).rejects.toThrow();
    expect(ran).toEqual([]);
  });
});

describe("needsApproval", () => {
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
