import { canonicalJson } from "../model/canonical-json.ts";
import type { Rule, RuleSet } from "../rules/types.ts";
import type { RuleChange } from "./types.ts";

/** What is not the same in two rule sets, by id. Order, comments and formatting mean nothing. */
export function compareRules(before: RuleSet, after: RuleSet): RuleChange[] {
  const ids = new Set([...before.rules, ...after.rules].map(({ id }) => id));
  return [...ids].sort().flatMap((id) => changeOf(before.rule(id), after.rule(id)) ?? []);
}

function changeOf(before: Rule | undefined, after: Rule | undefined): RuleChange | undefined {
  if (before === undefined) return after && { kind: "added", id: after.id, after: after.position };
  if (after === undefined) return { kind: "removed", id: before.id, before: before.position };
  const places = { id: before.id, before: before.position, after: after.position };
  if (before.digest !== after.digest) return { kind: "changed", fields: changedFields(before, after), ...places };
  return before.position.file === after.position.file ? undefined : { kind: "moved", ...places };
}

function changedFields(before: Rule, after: Rule): string[] {
  const [old, now] = [meaningOf(before), meaningOf(after)];
  return Object.keys(old).filter((field) => canonicalJson(old[field]) !== canonicalJson(now[field]));
}

/** As rule files call the fields; lists whose order has no meaning are sorted. */
function meaningOf(rule: Rule): Record<string, unknown> {
  const { approval } = rule;
  return {
    name: rule.name,
    priority: rule.priority,
    "action.type": sorted(rule.actionTypes),
    "action.name": sorted(rule.actionNames),
    when: rule.when ?? null,
    decision: rule.decision,
    reason: rule.reason,
    help_text: rule.helpText ?? null,
    help_url: rule.helpUrl ?? null,
    obligations: rule.obligations,
    approval: approval === undefined ? null : { ...approval, approvers: sorted(approval.approvers) },
  };
}

const sorted = (values: readonly string[] | undefined) => (values === undefined ? null : [...new Set(values)].sort());
