import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const SDK = join(import.meta.dirname, "..");

/** What the examples take for granted, by a word that only they use. */
const GIVEN: Readonly<Record<string, string>> = {
  "crm.get": "declare const id: string; declare const crm: { get(id: string): Promise<object> };",
  raiseOnDeny:
    "declare const request: EvaluateRequest, other: EvaluateRequest, id: string; declare function act(): Promise<void>;",
  generateText:
    'import { generateText, type LanguageModel, type Tool } from "ai"; declare const model: LanguageModel, prompt: string; declare const refund: Tool<{ id: string }, string>, lookUp: Tool<{ id: string }, string>; const tools = { refund, lookUp };',
  "tool({":
    'import { tool } from "@openai/agents-core"; import type { z } from "zod"; declare const refund: { name: string; description: string; parameters: z.ZodObject<{ id: z.ZodString }>; execute(input: { id: string }): Promise<string> };',
  createAgent:
    'import { createAgent, type ReactAgent } from "langchain"; declare const model: string; declare const tools: [];',
  "describe =":
    'import type { ToolCall } from "../../src/vercel-ai.ts"; import type { ToolCallOptions } from "../../src/vercel-ai.ts"; const options: ToolCallOptions = { describe: (call) => describe(call) };',
};

it("the README's examples are right about the types", () => {
  const blocks = [...readFileSync(join(SDK, "README.md"), "utf8").matchAll(/```ts\n([\s\S]*?)```/g)].map(
    ([, code]) => code!,
  );
  expect(blocks).toHaveLength(Object.keys(GIVEN).length);
  // Inside of the package, so that what it imports is found.
  const folder = mkdtempSync(join(SDK, "test", ".readme-"));
  try {
    for (const [index, code] of blocks.entries()) writeFileSync(join(folder, `${index}.ts`), complete(code));
    writeFileSync(
      join(folder, "tsconfig.json"),
      JSON.stringify({ extends: "../../tsconfig.test.json", include: ["*.ts"] }),
    );
    const tsc = join(SDK, "node_modules", "typescript7", "bin", "tsc");
    const { stdout, status } = spawnSync(process.execPath, [tsc, "-p", folder], { encoding: "utf8" });
    expect(stdout).toBe("");
    expect(status).toBe(0);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

function complete(code: string): string {
  const given = Object.entries(GIVEN).filter(([word]) => code.includes(word));
  expect(given, code).toHaveLength(1);
  const own = code.includes("new Verdict()")
    ? ""
    : 'import type { EvaluateRequest, Verdict } from "../../src/index.ts"; declare const verdict: Verdict;';
  return `${own}\n${given[0]![1]}\n${code.replaceAll(/"@verdict\/sdk(?:\/([a-z-]+))?"/g, (_, name = "index") => `"../../src/${name}.ts"`)}\nexport {};\n`;
}
