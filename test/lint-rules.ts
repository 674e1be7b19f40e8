import { createCelCompiler } from "../src/cel/index.ts";
import { type LintResult, lint } from "../src/lint/index.ts";
import { createRuleLoader } from "../src/rules/index.ts";

/** Lints rules that are written in one file. Without fixtures nothing is said of rules that no case names. */
export function lintText(content: string, fixtures?: string): LintResult {
  const sources = [{ path: "a.yaml", content }];
  const loaded = createRuleLoader({ compiler: createCelCompiler() }).load(sources);
  const cases = fixtures === undefined ? undefined : [{ path: "a.test.yaml", content: fixtures }];
  return lint({ sources, loaded, fixtures: cases });
}

/** A rule file of the policy `p` with these rules, each given as the lines of its fields. */
export function ruleFile(...rules: readonly string[]): string {
  const items = rules.map((fields, nth) => {
    const lines = [`id: r${nth}`, ...fields.trim().split("\n")];
    if (!fields.includes("reason:")) lines.push("reason: Because.");
    return lines.map((line, at) => `${at === 0 ? "  - " : "    "}${line}\n`).join("");
  });
  return `version: 1\npolicy: p\nrules:\n${items.join("")}`;
}
