import { AIMessage, createAgent, fakeModel, tool } from "langchain";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { verdictMiddleware } from "../src/langchain.ts";
import { type AnsweringVerdict, startAnsweringVerdict } from "./answering-verdict.ts";

let service: AnsweringVerdict;
beforeAll(async () => {
  service = await startAnsweringVerdict();
});
afterAll(() => service.close());

function toolThatCounts(name: string, ran: string[]) {
  return tool(
    ({ id }: { id: string }) => {
      ran.push(`${name} ${id}`);
      return `${name} of ${id} done`;
    },
    { name, description: name, schema: z.object({ id: z.string() }) },
  );
}

async function run(name: string, { verdict } = service) {
  const ran: string[] = [];
  const counted = toolThatCounts(name, ran);
  const model = fakeModel()
    .respondWithTools([{ name, args: { id: "7" }, id: "c1" }])
    .respond(new AIMessage("Done."));
  const agent = createAgent({ model, tools: [counted], middleware: [verdictMiddleware(verdict)] });
  const { messages } = await agent.invoke({ messages: [{ role: "user", content: "Go." }] });
  return { ran, shown: messages.map(({ content }) => String(content)).join("\n") };
}

describe("LangChain asks before a tool runs", () => {
  it("runs what is allowed", async () => {
    const { ran, shown } = await run("look_up");
    expect(ran).toEqual(["look_up 7"]);
    expect(shown).toContain("look_up of 7 done");
    expect(service.asked.at(-1)).toMatchObject({
      action_name: "look_up",
      arguments: { id: "7" },
      context: { framework: "langchain" },
    });
  });

  it("waits for a person", async () => {
    expect((await run("refund")).ran).toEqual(["refund 7"]);
  });

  it("does not run what is denied, and tells the model why", async () => {
    const { ran, shown } = await run("drop");
    expect(ran).toEqual([]);
    expect(shown).toContain("Nobody drops tables. Archive it instead.");
  });

  it("does not run what comes with duties that nobody takes on", async () => {
    const { ran, shown } = await run("masked");
    expect(ran).toEqual([]);
    expect(shown).toContain("duties that nobody here takes on: redact");
  });

  it("ends the run when nothing was decided", async () => {
    const gone = await startAnsweringVerdict();
    await gone.close();
    await expect(run("look_up", gone)).rejects.toThrow("Verdict could not be reached");
  });
});

describe("of LangChain no tool runs that was not allowed", () => {
  async function runAll(isStreamed: boolean, { verdict } = service, options = {}) {
    const ran: string[] = [];
    const tools = ["look_up", "drop", "refund"].map((name) => toolThatCounts(name, ran));
    const calls = ["look_up", "drop", "refund", "look_up", "drop"].map((name, at) => {
      return { name, args: { id: "7" }, id: `c${at}` };
    });
    const model = fakeModel().respondWithTools(calls).respond(new AIMessage("Done."));
    const agent = createAgent({ model, tools, middleware: [verdictMiddleware(verdict, options)] });
    const input = { messages: [{ role: "user", content: "Go." }] };
    const shown: string[] = [];
    const go = async () => {
      if (!isStreamed) return void shown.push(JSON.stringify(await agent.invoke(input)));
      for await (const part of await agent.stream(input)) shown.push(JSON.stringify(part));
    };
    await go().catch(() => undefined);
    return { ran: ran.sort(), shown: shown.join() };
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
});
