import { Ajv } from "ajv";
import { load } from "js-yaml";
import { describe, expect, it } from "vitest";
import { type CelCompiler, type CompiledExpression, createCelCompiler, loadParsersFor } from "../cel/index.ts";
import { createRuleLoader } from "./index.ts";
import { RULE_FILE_SCHEMA } from "./rule-file-schema.ts";

const validate = new Ajv({ strict: true, strictTypes: false, strictRequired: false }).compile(RULE_FILE_SCHEMA);

/** Takes every condition: this suite is about the structure of files. */
const compiler: CelCompiler = {
  compileCondition: (source) => ({ ok: true, expression: expressionOf(source) }),
  slotOf: () => 0,
  createFrame: () => ({ reset: () => undefined, read: () => "" }),
  sweep: () => undefined,
};

function expressionOf(source: string): CompiledExpression {
  return { source, evaluate: () => true, necessary: [], paths: [], isVolatile: false };
}

const file = (rules: string) => `version: 1\npolicy: p\nrules:\n${rules}`;
const rule = (fields: string) =>
  file(`  - id: a\n    decision: deny\n    reason: r\n    when: "true"\n    ${fields.replaceAll("\n", "\n    ")}\n`);
const ask = (fields: string) =>
  file(`  - { id: a, decision: approval_required, reason: r, when: "true", approval: { ${fields} } }\n`);

const GOOD = {
  "no rules": file("  []"),
  "an allow rule needs no reason": file('  - { id: a, decision: allow, when: "true" }\n'),
  "action alone": file("  - { id: a, decision: allow, action: { type: tool_call } }\n"),
  "every field": rule(`name: A rule
description: d
enabled: false
priority: -1000000
action: { type: [tool_call, "x*"], name: "*" }
help_text: h
help_url: https://example.com/help?x=1
obligations: [{ type: redact, params: { fields: [a, 1, null, { b: true }] } }, { type: log }]`),
  "every approval field": ask(
    'timeout: 30s, on_timeout: allow, approvers: ["role:oncall", "user:ann lee"], quorum: 2, grant_ttl: 1d',
  ),
  "an approval without fields": ask(""),
  "a file description": `description: d\n${file("  []")}`,
  "a float that is an integer": rule("priority: 10.0"),
} as const;

const BAD = {
  "a file that is a list": "- a",
  "a file that is a text": "a",
  "no version": "policy: p\nrules: []",
  "version 2": "version: 2\npolicy: p\nrules: []",
  "version as text": 'version: "1"\npolicy: p\nrules: []',
  "no policy": "version: 1\nrules: []",
  "policy not a slug": "version: 1\npolicy: A b\nrules: []",
  "policy of 65 characters": `version: 1\npolicy: ${"a".repeat(65)}\nrules: []`,
  "no rules field": "version: 1\npolicy: p",
  "rules not a list": "version: 1\npolicy: p\nrules: {}",
  "a file field that is unknown": `extra: 1\n${file("  []")}`,
  "a rule that is a text": file("  - a\n"),
  "no id": file('  - { decision: allow, when: "true" }\n'),
  "id as number": file('  - { id: 1, decision: allow, when: "true" }\n'),
  "no decision": file('  - { id: a, reason: r, when: "true" }\n'),
  "an unknown decision": file('  - { id: a, decision: permit, reason: r, when: "true" }\n'),
  "deny without reason": file('  - { id: a, decision: deny, when: "true" }\n'),
  "approval_required without reason": file('  - { id: a, decision: approval_required, when: "true" }\n'),
  "neither action nor when": file("  - { id: a, decision: allow }\n"),
  "when as boolean": file("  - { id: a, decision: allow, when: true }\n"),
  "when blank": file('  - { id: a, decision: allow, when: "  " }\n'),
  "when too long": file(`  - { id: a, decision: allow, when: "${"x".repeat(8193)}" }\n`),
  "an unknown rule field": rule("prio: 1"),
  "name empty": rule('name: ""'),
  "name a number": rule("name: 5"),
  "enabled as text": rule('enabled: "yes"'),
  "priority as text": rule('priority: "1"'),
  "priority a fraction": rule("priority: 1.5"),
  "priority too high": rule("priority: 1000001"),
  "action empty": rule("action: {}"),
  "action a text": rule("action: tool_call"),
  "action with an unknown field": rule("action: { tool: a }"),
  "action.type an empty list": rule("action: { type: [] }"),
  "action.type a number": rule("action: { type: 1 }"),
  "action.name a list with a number": rule("action: { name: [a, 1] }"),
  "action.name too long": rule(`action: { name: ${"a".repeat(257)} }`),
  "help_url not http": rule("help_url: ftp://example.com"),
  "help_url without host": rule("help_url: https:///x"),
  "obligations not a list": rule("obligations: { type: a }"),
  "obligation without type": rule("obligations: [{ params: {} }]"),
  "obligation params a list": rule("obligations: [{ type: a, params: [] }]"),
  "obligation with an unknown field": rule("obligations: [{ type: a, parms: {} }]"),
  "17 obligations": rule(`obligations: [${"{ type: a },".repeat(17)}]`),
  "approval on a deny rule": rule("approval: { timeout: 5m }"),
  "approval a text": file('  - { id: a, decision: approval_required, reason: r, when: "true", approval: yes }\n'),
  "timeout without unit": ask('timeout: "30"'),
  "timeout zero": ask("timeout: 0s"),
  "on_timeout unknown": ask("on_timeout: approval_required"),
  "approvers a text": ask('approvers: "role:a"'),
  "approver without kind": ask("approvers: [ann]"),
  "quorum zero": ask("quorum: 0"),
  "quorum too high": ask("quorum: 101"),
  "approval with an unknown field": ask("ttl: 5m"),
} as const;

function structuralErrors(content: string): string[] {
  const result = createRuleLoader({ compiler }).load([{ path: "a.yaml", content }]);
  return result.ok ? [] : result.diagnostics.filter((d) => d.severity === "error").map((d) => `${d.code} ${d.message}`);
}

describe("the published JSON Schema and the loader agree", () => {
  it.each(Object.entries(GOOD))("both take: %s", (_, content) => {
    expect(structuralErrors(content)).toEqual([]);
    expect(validate(load(content)), JSON.stringify(validate.errors)).toBe(true);
  });

  it.each(Object.entries(BAD))("both refuse: %s", (_, content) => {
    expect(structuralErrors(content)).not.toEqual([]);
    expect(validate(load(content))).toBe(false);
  });

  it("every field has a description, so that editors can explain it", () => {
    const undescribed: string[] = [];
    const walk = (schema: unknown, path: string): void => {
      if (typeof schema !== "object" || schema === null) return;
      for (const [key, value] of Object.entries(schema)) {
        if (key === "properties" && !path.includes("allOf"))
          for (const [field, sub] of Object.entries(value as object))
            if (!("description" in (sub as object))) undescribed.push(`${path}.${field}`);
        walk(value, `${path}.${key}`);
      }
    };
    walk(RULE_FILE_SCHEMA, "");
    expect(undescribed).toEqual([]);
  });

  it("offers conditions that compile as they are put into a file, and every parser among them", async () => {
    const { examples } = RULE_FILE_SCHEMA.properties.rules.items.properties.when;
    await loadParsersFor(examples);
    const loader = createRuleLoader({ compiler: createCelCompiler() });
    for (const example of examples) {
      const given = example === "true" ? JSON.stringify(example) : example;
      const content = file(`  - id: a\n    decision: allow\n    when: ${given}\n`);
      expect(load(content)).toMatchObject({ rules: [{ when: example }] });
      expect(loader.load([{ path: "a.yaml", content }])).toMatchObject({ ok: true });
    }
    for (const call of ["shell(", "sql(", "url(", "ip("]) expect(examples.join()).toContain(call);
  });

  it("rules/verdict-rules.schema.json is the schema of this version", async () => {
    await expect(`${JSON.stringify(RULE_FILE_SCHEMA, null, 2)}\n`).toMatchFileSnapshot(
      "../../rules/verdict-rules.schema.json",
    );
  });
});
