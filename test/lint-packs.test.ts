import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createRuleDirectory } from "../src/adapters/fs/rule-directory.ts";
import { loadParsersFor } from "../src/cel/index.ts";
import { lintRules } from "../src/operations/rule-sets/lint-rules.ts";

const dir = join(import.meta.dirname, "../rules");

describe("the shipped rule packs", () => {
  it("lint clean, with their fixtures", async () => {
    const rules = await createRuleDirectory({ dir }).read();
    if (rules.ok) await loadParsersFor(rules.sources.map(({ content }) => content));
    const fixtures = await createRuleDirectory({ dir, kind: "fixtures" }).read();
    const { findings, files } = lintRules({ rules, fixtures, isFixing: false });
    expect(findings.map(({ file, line, id, message }) => `${file}:${line} ${id}: ${message}`)).toEqual([]);
    expect(files).toBeGreaterThan(4);
  });
});
