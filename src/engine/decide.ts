import type { Activation } from "../model/activation.ts";
import { canonicalJson } from "../model/canonical-json.ts";
import { type Decision, EFFECTS, type Effect, type RuleError } from "../model/decision.ts";
import { LIMITS } from "../model/limits.ts";
import type { Obligation } from "../model/obligation.ts";
import type { Rule, RuleSet } from "../rules/types.ts";

export interface DecideInput {
  readonly ruleSet: RuleSet;
  readonly activation: Activation;
  /** The longest time that a client may reuse a decision. */
  readonly cacheTtlSecondsMax: number;
}

/**
 * Decides one request. Pure and total: equal inputs give equal decisions, and it never throws for an activation that the
 * model's parser accepted.
 *
 * The highest priority that applies wins; at the same priority deny > approval_required > allow. A rule applies when its
 * condition is true. A deny or approval rule whose condition errors applies too; an allow rule whose condition errors
 * grants nothing. When nothing applies the answer is a deny.
 */
export function decide({ ruleSet, activation, cacheTtlSecondsMax }: DecideInput): Decision {
  const { frame, candidates } = ruleSet.select(activation);
  const determining: Rule[] = [];
  const errors: RuleError[] = [];
  let erred: Set<Rule> | undefined;
  let isVolatile = false;

  for (const rule of candidates) {
    if (rule.isVolatile) isVolatile = true;
    const outcome = rule.matches(frame);
    if (outcome === false) continue;
    if (outcome !== true) {
      errors.push({ rule_id: rule.id, message: outcome.message });
      if (rule.decision === "allow") continue;
      erred ??= new Set();
      erred.add(rule);
    }
    const order = determining.length === 0 ? 1 : comparePrecedence(rule, determining[0]!);
    if (order > 0) determining.length = 0;
    if (order >= 0) determining.push(rule);
  }

  if (determining.length > 1) determining.sort(byId);
  if (errors.length > 1) errors.sort((a, b) => compareText(a.rule_id, b.rule_id));
  const ttl = isVolatile || errors.length > 0 ? 0 : cacheTtlSecondsMax;
  if (determining.length === 0 && errors.length === 0) return defaultDecision(ruleSet, ttl);
  if (determining.length === 1 && errors.length === 0) return soleDecision(determining[0]!, ruleSet.revision, ttl);
  const decision = describe(determining, erred, errors.slice(0, LIMITS.errorsMax), ruleSet.revision, ttl);
  const omitted = errors.length - decision.errors.length;
  return omitted === 0 ? decision : { ...decision, errors_omitted: omitted };
}

const soleDecisions = new WeakMap<Rule, Decision>();

/** What a rule alone decides is equal for every request, so the object is made once, and its JSON text with it. */
function soleDecision(rule: Rule, revision: string, cacheTtlSeconds: number): Decision {
  const known = soleDecisions.get(rule);
  const ttl = ttlOf(rule, cacheTtlSeconds);
  if (known !== undefined && known.policy_revision === revision && known.cache_ttl_seconds === ttl) return known;
  const made = Object.freeze(describe([rule], undefined, [], revision, cacheTtlSeconds));
  soleDecisions.set(rule, made);
  return made;
}

const defaultDecisions = new WeakMap<RuleSet, Decision>();

function defaultDecision(ruleSet: RuleSet, cacheTtlSeconds: number): Decision {
  const known = defaultDecisions.get(ruleSet);
  if (known !== undefined && known.cache_ttl_seconds === cacheTtlSeconds) return known;
  const made = Object.freeze(describe([], undefined, [], ruleSet.revision, cacheTtlSeconds));
  defaultDecisions.set(ruleSet, made);
  return made;
}

/** A person's answer is not to be reused. */
const ttlOf = (rule: Rule, seconds: number) => (rule.decision === "approval_required" ? 0 : seconds);

/** Positive when `a` takes precedence over `b`, 0 when both determine the outcome together. */
function comparePrecedence(a: Rule, b: Rule): number {
  return a.priority - b.priority || RANK[a.decision] - RANK[b.decision];
}

const RANK = Object.fromEntries(EFFECTS.map((effect, at) => [effect, EFFECTS.length - at])) as Record<Effect, number>;

function describe(
  determining: readonly Rule[],
  erred: ReadonlySet<Rule> | undefined,
  errors: readonly RuleError[],
  revision: string,
  cacheTtlSeconds: number,
): Decision {
  // A rule that really matched explains the outcome better than one that could not be evaluated.
  const rule = determining.find((candidate) => erred?.has(candidate) !== true) ?? determining[0];
  if (rule === undefined) {
    return {
      decision: "deny",
      reason: "No rule allows this action.",
      reason_code: "no_matching_rule",
      rules: [],
      obligations: [],
      errors,
      policy_revision: revision,
      cache_ttl_seconds: cacheTtlSeconds,
    };
  }
  const hasErred = erred?.has(rule) === true;
  return {
    decision: rule.decision,
    reason: hasErred
      ? `The rule ${rule.id} could not be evaluated for this request, so it applies. ${rule.reason}`
      : rule.reason,
    reason_code: hasErred ? "rule_error" : "rule_matched",
    rule_id: rule.id,
    rule_name: rule.name,
    rules: determining.map(({ id }) => id),
    obligations: obligationsOf(determining),
    errors,
    policy_revision: revision,
    cache_ttl_seconds: ttlOf(rule, cacheTtlSeconds),
    ...(rule.helpText === undefined ? undefined : { help_text: rule.helpText }),
    ...(rule.helpUrl === undefined ? undefined : { help_url: rule.helpUrl }),
  };
}

function obligationsOf(rules: readonly Rule[]): readonly Obligation[] {
  if (rules.every(({ obligations }) => obligations.length === 0)) return [];
  const distinct = new Map<string, Obligation>();
  for (const { obligations } of rules) {
    for (const obligation of obligations) distinct.set(canonicalJson(obligation), obligation);
  }
  return [...distinct.values()];
}

const byId = (a: Rule, b: Rule) => compareText(a.id, b.id);
const compareText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
