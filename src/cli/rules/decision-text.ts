import type { Effect } from "../../model/decision.ts";
import type { EvaluateResponse, Explanation } from "../../model/response.ts";
import type { Paint } from "../paint.ts";
import { printable } from "../printable.ts";

/** A decision for people: what, why, by which rule, and what to do. */
export function formatDecision(response: EvaluateResponse, paint: Paint): string {
  const { rule_id, rule_name, rules, errors, obligations, explanation } = response;
  const name = rule_name === undefined || rule_name === rule_id ? "" : ` (${rule_name})`;
  const fields: [string, string | undefined][] = [
    ["reason", response.reason],
    ["reason code", response.reason_code],
    ["rule", rule_id === undefined ? undefined : rule_id + name],
    ["also", rules.length > 1 ? rules.filter((id) => id !== rule_id).join(", ") : undefined],
    ["help", response.help_text],
    ["help url", response.help_url],
    ...obligations.map(({ type, params }): [string, string] => ["obligation", `${type} ${JSON.stringify(params)}`]),
    ...errors.map(({ rule_id: id, message }): [string, string] => ["error in", `${id}: ${message}`]),
    ["revision", response.policy_revision],
  ];
  const told = fields.flatMap(([label, value]) =>
    value === undefined ? [] : [`  ${paint.quiet(label.padEnd(11))}  ${printable(value)}\n`],
  );
  const trace = explanation === undefined ? "" : formatExplanation(explanation, paint);
  return `${headline(response.decision, paint)}\n${told.join("")}${trace}`;
}

function headline(effect: Effect, paint: Paint): string {
  const text = effect.toUpperCase().replaceAll("_", " ");
  return { allow: paint.good, deny: paint.bad, approval_required: paint.attention }[effect](text);
}

const MARK = { matched: "+", error: "!", not_matched: "-" } as const;

function formatExplanation({ rules, candidates, stages }: Explanation, paint: Paint): string {
  const times = Object.entries(stages).map(([stage, us]) => `${stage} ${us.toFixed(1)} us`);
  const lines = rules.map(({ rule_id, outcome, message }) => {
    const detail = message === undefined ? "" : `: ${printable(message)}`;
    const line = `  ${MARK[outcome]} ${outcome.padEnd(11)}  ${printable(rule_id)}${detail}`;
    return `${outcome === "not_matched" ? paint.quiet(line) : line}\n`;
  });
  return `\n${rules.length} rules, ${candidates} evaluated after the index; ${times.join(", ")}\n${lines.join("")}`;
}
