import { describe, expect, it } from "vitest";
import { lintText } from "../../test/lint-rules.ts";

const REASON = "without an amount nobody knows";

/** Two rules that both lack `has`, with these lines above the first, in it, and below its text. */
function rules({ head = "", above = "", inside = "", between = "", text = "Because.", enabled = true } = {}): string {
  const rule = (id: string, middle: string) =>
    `  - id: ${id}\n    action: { type: tool_call }\n${middle}    when: arguments.amount > 50\n    decision: deny\n`;
  return `version: 1
policy: p
${head}rules:
${above}${rule("first", inside)}    enabled: ${enabled}
    reason: ${text}
${between}${rule("second", "")}    reason: Because.
`;
}

const FIXTURES = "cases: [{ expect: { rule: p/first }, near_miss: p/second }]";

function outcome(content: string) {
  const { findings, suppressed } = lintText(content, FIXTURES);
  const name = ({ id, rule_id }: { id: string; rule_id?: string }) => (rule_id === undefined ? id : `${id} ${rule_id}`);
  return { findings: findings.map(name), suppressed: suppressed.map(name) };
}

const BOTH = ["missing-has p/first", "missing-has p/second"];

describe("a suppression", () => {
  it("takes out one finding of the rule that it stands above, with its reason", () => {
    const { findings, suppressed } = lintText(rules({ above: `  # verdict-lint-ignore missing-has: ${REASON}\n` }));
    expect(findings.map(({ rule_id }) => rule_id)).toEqual(["p/second"]);
    expect(suppressed).toMatchObject([{ id: "missing-has", rule_id: "p/first", reason: REASON }]);
  });

  it.each([
    ["among other comments and blank lines", { above: `  # One.\n# verdict-lint-ignore missing-has: x\n\n  # Two.\n` }],
    ["within the rule", { inside: "    # verdict-lint-ignore missing-has: x\n" }],
    ["without a blank", { above: "#verdict-lint-ignore missing-has:x\n" }],
  ])("works %s", (_name, place) => {
    expect(outcome(rules(place))).toEqual({ findings: ["missing-has p/second"], suppressed: ["missing-has p/first"] });
  });

  it("above the second rule is about the second, though the first has not ended in between", () => {
    const { findings, suppressed } = outcome(rules({ between: "    # verdict-lint-ignore missing-has: x\n" }));
    expect({ findings, suppressed }).toEqual({
      findings: ["missing-has p/first"],
      suppressed: ["missing-has p/second"],
    });
  });

  it("works in files with CRLF line breaks", () => {
    const content = rules({ above: "  # verdict-lint-ignore missing-has: x\n" }).replaceAll("\n", "\r\n");
    expect(outcome(content).suppressed).toEqual(["missing-has p/first"]);
  });

  it.each([
    ["without a reason", "# verdict-lint-ignore missing-has\n", "suppression-without-reason"],
    ["without a reason behind the colon", "# verdict-lint-ignore missing-has:  \n", "suppression-without-reason"],
    ["of a finding that there is not", "# verdict-lint-ignore missing-hass: x\n", "unknown-suppression"],
    ["of nothing", "# verdict-lint-ignore\n", "unknown-suppression"],
    ["of a finding about suppressions", "# verdict-lint-ignore unused-suppression: x\n", "unknown-suppression"],
    ["of a finding that the rule has not", "# verdict-lint-ignore needless-regex: x\n", "unused-suppression"],
  ])("%s is a finding itself, and takes nothing out", (_name, above, id) => {
    expect(outcome(rules({ above }))).toEqual({ findings: [id, ...BOTH], suppressed: [] });
  });

  it("takes out several findings for one reason, and each of them that is not there is a finding itself", () => {
    const hasTwo = rules({ inside: "    priority: 0\n" }).replace("decision: deny", "decision: allow");
    const ids = lintText(hasTwo)
      .findings.filter(({ rule_id }) => rule_id === "p/first")
      .map(({ id }) => id);
    expect(new Set(ids).size).toBeGreaterThan(1);
    const above = (names: string) =>
      hasTwo.replace("rules:\n", `rules:\n  # verdict-lint-ignore ${names}: ${REASON}\n`);
    const { findings, suppressed } = lintText(above(ids.join(", ")));
    expect(findings.filter(({ rule_id }) => rule_id !== "p/second")).toEqual([]);
    expect(suppressed.map(({ id, reason }) => [id, reason]).sort()).toEqual(ids.map((id) => [id, REASON]).sort());
    for (const [names, id, text] of [
      ["missing-has , needless-regex", "unused-suppression", "`needless-regex`"],
      ["missing-has,missing-has", "unused-suppression", "nothing"],
      ["missing-has, needles-regex", "unknown-suppression", "did you mean `needless-regex`?"],
      ["missing-has,", "unknown-suppression", "``"],
    ] as const) {
      const mixed = lintText(rules({ above: `  # verdict-lint-ignore ${names}: ${REASON}\n` }), FIXTURES);
      expect(mixed.suppressed).toMatchObject([{ id: "missing-has", rule_id: "p/first", reason: REASON }]);
      const [problem] = mixed.findings.filter((finding) => finding.rule_id !== "p/second");
      expect([problem?.id, problem?.message]).toEqual([id, expect.stringContaining(text)]);
    }
  });

  it("of several findings without a reason says so of each, and takes none out", () => {
    const { findings, suppressed } = outcome(rules({ above: "  # verdict-lint-ignore missing-has, needless-regex\n" }));
    const said = ["suppression-without-reason", "suppression-without-reason"];
    expect({ findings, suppressed }).toEqual({ findings: [...said, ...BOTH], suppressed: [] });
  });

  it("that stands above no rule is unused", () => {
    const head = "# verdict-lint-ignore missing-has: x\n";
    expect(outcome(rules({ head }))).toEqual({ findings: ["unused-suppression", ...BOTH], suppressed: [] });
  });

  it("of a finding that two comments take out is used once", () => {
    const above = "# verdict-lint-ignore missing-has: x\n# verdict-lint-ignore missing-has: y\n";
    expect(outcome(rules({ above })).findings).toEqual(["unused-suppression", "missing-has p/second"]);
  });

  it("is no line of a text", () => {
    const text = "|-\n      # verdict-lint-ignore missing-has: x";
    expect(outcome(rules({ text }))).toEqual({ findings: BOTH, suppressed: [] });
  });

  it("in a rule that is switched off waits for it to be switched on", () => {
    const off = rules({ enabled: false, inside: "    # verdict-lint-ignore missing-has: x\n" });
    expect(outcome(off).findings).toEqual(["missing-has p/second"]);
  });

  it("takes out no error, and is not called unused where errors kept things from being looked for", () => {
    const content = rules({
      above: "  # verdict-lint-ignore invalid-condition: x\n  # verdict-lint-ignore missing-has: x\n",
    });
    const broken = content.replace("arguments.amount > 50", "argumets.amount > 50");
    expect(outcome(broken)).toEqual({ findings: ["unknown-suppression", "invalid-condition p/first"], suppressed: [] });
  });
});
