import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createCelCompiler, loadParsersFor } from "../src/cel/index.ts";
import { checkReferences, runCases } from "../src/fixtures/index.ts";
import { createRuleLoader } from "../src/rules/index.ts";
import { readFixtures } from "./fixtures/shipped-packs.ts";

interface Block {
  readonly language: string;
  readonly line: number;
  readonly text: string;
}

const PAGES = ["docs/rules.md", "docs/fixtures.md"] as const;
await loadParsersFor(PAGES.map((path) => readFileSync(join(import.meta.dirname, "..", path), "utf8")));

const isRuleFile = ({ text }: Block) => /^version: 1$/m.test(text);
const isFixtureFile = ({ text }: Block) => /^cases:$/m.test(text);
const named = (list: readonly Block[]) => list.map((block) => ({ name: `line ${block.line}`, block }));

function load(content: string) {
  const result = createRuleLoader({ compiler: createCelCompiler() }).load([{ path: "example.yaml", content }]);
  const found = result.ok ? result.ruleSet.warnings : result.diagnostics;
  expect(found.map((d) => `${d.line}:${d.column} ${d.code}: ${d.message}`).join("\n")).toBe("");
  if (!result.ok) throw new Error("the example was not loaded");
  return result.ruleSet;
}

describe.each(PAGES)("%s", (path) => {
  const blocks = findBlocks(readFileSync(join(import.meta.dirname, "..", path), "utf8"));
  const yaml = blocks.filter(({ language }) => language === "yaml");

  it("has examples, and each yaml block is a rule file or a fixture file", () => {
    expect(yaml.filter(isRuleFile)).not.toEqual([]);
    expect(yaml.filter(isFixtureFile)).not.toEqual([]);
    expect(yaml.filter((block) => !isRuleFile(block) && !isFixtureFile(block))).toEqual([]);
  });

  it.each(named(yaml.filter(isRuleFile)))("loads the rule file at $name without a warning", ({ block }) => {
    expect(load(block.text).rules.length).toBeGreaterThan(0);
  });

  it.each(named(yaml.filter(isFixtureFile)))("decides the fixtures at $name as they say", ({ block }) => {
    const rules = yaml.filter((other) => isRuleFile(other) && other.line < block.line).at(-1)!;
    const ruleSet = load(rules.text);
    const file = readFixtures("example.test.yaml", block.text);
    expect(checkReferences(ruleSet, [file])).toEqual([]);
    expect(runCases(ruleSet, file).flatMap(({ differences }) => differences)).toEqual([]);
  });

  const conditions = blocks.filter(({ language }) => language === "cel").flatMap(({ text }) => text.trim().split("\n"));
  it.each(conditions)("compiles %s", (condition) => {
    const result = createCelCompiler().compileCondition(condition);
    expect(result.ok ? [] : result.diagnostics.map(({ message }) => message)).toEqual([]);
  });
});

function findBlocks(markdown: string): Block[] {
  return [...markdown.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(({ 1: language = "", 2: text = "", index }) => ({
    language,
    line: markdown.slice(0, index).split("\n").length,
    text,
  }));
}
