import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createCelCompiler } from "../cel/index.ts";
import { createRuleLoader, type LoadResult } from "./index.ts";
import { splitRules } from "./split-rules.ts";

const compiler = createCelCompiler();

/** Everything about a result that can be compared. */
function summary(result: LoadResult): unknown {
  if (!result.ok) return result.diagnostics;
  const { revision, rules, warnings } = result.ruleSet;
  return {
    revision,
    warnings,
    rules: rules.map(({ id, name, when, position, reason }) => ({ id, name, when, position, reason })),
  };
}

/** Lines that are right, wrong, and in the wrong place; together they make every kind of file, most of them broken. */
const line = fc.constantFrom(
  "version: 1",
  "policy: p",
  "policy: q",
  "description: d",
  "rules:",
  "rules: # all of them",
  "# comment",
  "",
  "---",
  "  - id: a",
  "  - id: b",
  "  - id: c",
  "- id: d",
  "    action: { name: x }",
  "    action:",
  "      name:",
  "      - x",
  "      - y",
  "    decision: allow",
  "    decision: deny",
  "    reason: some words",
  "    reason: |",
  "    reason: 'begun",
  "      more words'",
  '    name: "begun',
  "  - and on",
  '      and done"',
  "    when: arguments.a == 1",
  "    when: >-",
  "      arguments.a == 1",
  "      - id: deep",
  "    when: nope",
  "    approval: { on_timeout: allow }",
  "    obligations: [",
  "      { type: t } ]",
);

const GOOD = [
  "version: 1",
  "policy: p",
  "# rules of p",
  "rules:",
  ...["a", "b", "c", "d"].flatMap((id) => [
    `  - id: ${id}`,
    "    action: { name: x }",
    "    # a comment",
    "    when: >-",
    "      arguments.a",
    "",
    `      == "${id}"`,
    "    decision: approval_required",
    "    reason: |",
    "      - some words",
    "    approval: { on_timeout: allow }",
  ]),
];

/** A change of the lines: some taken away at a place, others put there. */
const edit = fc.record({ at: fc.nat(GOOD.length), gone: fc.nat(3), put: fc.array(line, { maxLength: 3 }) });

function apply(lines: readonly string[], { at, gone, put }: { at: number; gone: number; put: string[] }): string[] {
  return lines.toSpliced(at % (lines.length + 1), gone, ...put);
}

describe("a file that changed", () => {
  it("loads as if it had never been seen, whatever the change", () => {
    let loaded = 0;
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
        const loader = createRuleLoader({ compiler });
        let lines: string[] = GOOD;
        loader.load([{ path: "a.yaml", content: lines.join("\n") }]);
        for (const change of edits) {
          lines = apply(lines, change);
          const source = { path: "a.yaml", content: lines.join("\n") };
          const again = loader.load([source]);
          expect(summary(again)).toEqual(summary(createRuleLoader({ compiler }).load([source])));
          if (again.ok) loaded += 1;
        }
      }),
      { numRuns: 500 },
    );
    expect(loaded).toBeGreaterThan(30);
  });

  it("keeps the rules whose text did not change, and moves them to their new line", () => {
    const loader = createRuleLoader({ compiler });
    const text = (id: string, reason: string) =>
      `  - id: ${id}\n    action: { name: x }\n    decision: deny\n    reason: ${reason}\n`;
    const ids = ["a", "b", "c", "d", "e", "f"];
    const content = (first: string) =>
      `version: 1\npolicy: p\nrules:\n${ids.map((id) => text(id, id === "a" ? first : "r")).join("")}`;
    const get = (first: string) => {
      const result = loader.load([{ path: "a.yaml", content: content(first) }]);
      if (!result.ok) throw new Error("not loaded");
      return result.ruleSet;
    };
    const before = get("r");
    const after = get("|\n      two\n      lines");
    expect(after.rule("p/a")?.reason).toBe("two\nlines\n");
    expect(after.rule("p/b")?.matches).toBe(before.rule("p/b")?.matches);
    expect(after.rule("p/b")?.position.line).toBe(before.rule("p/b")!.position.line + 2);
  });

  it("is only cut where a rule begins", () => {
    expect(splitRules("version: 1\npolicy: p\nrules:\n- id: a\n  x: 1\n# c\n- id: b\n")?.rules).toEqual([
      { line: 4, text: "- id: a\n  x: 1\n# c\n" },
      { line: 7, text: "- id: b\n" },
    ]);
    expect(splitRules("rules:\n  - id: a\ndescription: d\n")).toBeUndefined();
    expect(splitRules("rules: []\n")).toBeUndefined();
    expect(splitRules("rules:\r\n  - id: a\r\n")).toBeUndefined();
    expect(splitRules("")).toBeUndefined();
  });
});
