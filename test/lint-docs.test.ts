import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { LINT_IDS, pageOf } from "../src/lint/index.ts";
import { lintText } from "./lint-rules.ts";

const page = readFileSync(join(import.meta.dirname, "../docs/lint.md"), "utf8");
const headings = [...page.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading!);
const examples = [...page.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(([, text]) => text!);

describe("docs/lint.md", () => {
  it("has a section for every finding, and none for another", () => {
    const ids = headings.flatMap((heading) => /^`(.*)`$/.exec(heading)?.[1] ?? []);
    expect(ids.sort()).toEqual([...LINT_IDS].sort());
  });

  it("has each once in its table of contents, and every link leads to a heading", () => {
    const anchors = [...page.matchAll(/\]\(#([a-z-]+)\)/g)].map(([, anchor]) => anchor!);
    const targets = new Set(headings.map((heading) => heading.toLowerCase().replaceAll("`", "").replaceAll(" ", "-")));
    expect(anchors.filter((anchor) => !targets.has(anchor))).toEqual([]);
    const contents = page.slice(0, page.indexOf("\n## "));
    for (const id of LINT_IDS) expect(contents.split(`(#${id})`).length - 1, id).toBe(1);
    expect(targets.has(pageOf("unknown-field").split("#")[1]!)).toBe(true);
  });

  it("shows rules in which just that is found which the text says", () => {
    const found = examples.map((text) => lintText(text).findings.map(({ id, rule_id }) => `${id} ${rule_id}`));
    expect(found).toEqual([[], ["broad-allow broad/stripe"]]);
    expect(lintText(examples[0]!).suppressed.map(({ id }) => id)).toEqual(["missing-has"]);
  });

  it("calls impossible what is found so, and needless what is", () => {
    const section = (id: string) => page.split(/^## /m).find((text) => text.startsWith(`\`${id}\``))!;
    const column = (id: string) => {
      const rows = [...section(id).matchAll(/^\| ((?:\\\||[^|])*`) \|/gm)].map(([, cell]) =>
        cell!.replaceAll("\\|", "|"),
      );
      return rows.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, condition]) => condition!));
    };
    const idsFor = (when: string) =>
      lintText(
        `version: 1\npolicy: p\nrules:\n  - id: a\n    decision: deny\n    reason: No.\n    when: |-\n      ${when}\n`,
      ).findings.map(({ id }) => id);
    for (const id of ["impossible-comparison", "needless-regex"]) {
      expect(column(id).length, id).toBeGreaterThan(4);
      for (const condition of column(id)) expect(idsFor(condition), condition).toContain(id);
    }
  });
});
