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

async function run(name: string, { verdict } = service) {
  const ran: string[] = [];
  const counted = tool(
    ({ id }: { id: string }) => {
      ran.push(`${name} ${id}`);
      return `${name} of ${id} done`;
    },
    { name, description: name, schema: z.object({ id: z.string() }) },
  );
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

  it("ends the run when nothing was decided", async () => {
    const gone = await startAnsweringVerdict();
    await gone.close();
    await expect(run("look_up", gone)).rejects.toThrow("Verdict could not be reached");
  });
});
