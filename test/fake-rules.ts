import type { Frame } from "../src/cel/types.ts";
import type { Activation } from "../src/model/activation.ts";
import type { Rule, RuleSet } from "../src/rules/types.ts";

/** A rule whose outcome is fixed, or taken from the activation. */
export function fakeRule(
  id: string,
  rest: Partial<Rule> & { outcome?: boolean | "error" | ((activation: Activation) => boolean) } = {},
): Rule {
  const { outcome = true, ...fields } = rest;
  return {
    id,
    name: id,
    priority: 0,
    decision: "allow",
    reason: `Because of ${id}.`,
    obligations: [],
    isVolatile: false,
    position: { file: "fake.yaml", line: 1, column: 1 },
    digest: "0".repeat(64),
    necessary: [],
    matches: (frame) => {
      if (outcome === "error") return { isCelError: true, message: `no such key in ${id}` };
      return typeof outcome === "boolean" ? outcome : outcome((frame as FakeFrame).activation);
    },
    ...fields,
  };
}

interface FakeFrame extends Frame {
  activation: Activation;
}

/** A set without an index: every rule is a candidate, in the order given. */
export function fakeRuleSet(rules: readonly Rule[], revision = `sha256:${"f".repeat(64)}`): RuleSet {
  return {
    revision,
    rules: [...rules].sort((a, b) => (a.id < b.id ? -1 : 1)),
    files: ["fake.yaml"],
    warnings: [],
    select: (activation) => ({
      frame: { activation, reset() {}, read: () => undefined } as FakeFrame,
      candidates: rules,
    }),
    rule: (id) => rules.find((rule) => rule.id === id),
  };
}

export function fakeActivation(rest: Partial<Activation> = {}): Activation {
  return {
    action_type: "tool_call",
    action_name: "crm.get_customer",
    arguments: {},
    destination: {},
    identity: { name: "agent", roles: ["agent"], attributes: {} },
    session: {},
    context: {},
    request: { id: "01890b6e-7c00-7000-8000-000000000000", time: 1_700_000_000_000 },
    now: 1_700_000_000_000,
    ...rest,
  };
}
