import { EFFECTS } from "../model/decision.ts";
import type { CompiledRule } from "./compile-rule.ts";
import { coversGlob, type Glob } from "./glob.ts";
import { everyFew } from "./steps.ts";
import type { Diagnostic, Steps } from "./types.ts";

/**
 * Rules that can never determine an outcome: another rule, stronger by priority or by decision, applies to every request
 * that they apply to. Only what is certain is reported: the same or broader globs, and no condition or the same one.
 */
export function* findShadowedRules(rules: readonly CompiledRule[]): Steps<Diagnostic[]> {
  const tables = yield* tablesOf(rules);
  const unconditional = tables.get("");
  const diagnostics: Diagnostic[] = [];
  yield* everyFew(rules, (rule) => {
    const same = conditionKey(rule);
    const by = unconditional?.stronger(rule) ?? (same === "" ? undefined : tables.get(same)?.stronger(rule));
    if (by === undefined) return;
    const why = by.priority > rule.priority ? `with its higher priority ${by.priority}` : `because ${by.decision} wins`;
    diagnostics.push({
      ...rule.position,
      severity: "warning",
      code: "shadowed-rule",
      message: `this rule never decides: \`${by.id}\` applies whenever it does, and goes first ${why}`,
      rule_id: rule.id,
    });
  });
  return diagnostics;
}

/** A table per condition that more than one rule has, and the one for rules without a condition. */
function* tablesOf(rules: readonly CompiledRule[]): Steps<Map<string, NameTable>> {
  const first = new Map<string, CompiledRule>();
  const tables = new Map<string, NameTable>();
  yield* everyFew(rules, (rule) => {
    const condition = conditionKey(rule);
    const other = first.get(condition);
    if (other === undefined) {
      first.set(condition, rule);
      if (condition !== "") return;
    }
    let table = tables.get(condition);
    if (table === undefined) {
      table = new NameTable();
      tables.set(condition, table);
      if (other !== undefined) table.add(other);
    }
    table.add(rule);
  });
  return tables;
}

/** Empty for a rule without a condition. */
function conditionKey(rule: CompiledRule): string {
  return rule.expression?.constant === true ? "" : (rule.when ?? "");
}

function shadows(strong: CompiledRule, weak: CompiledRule): boolean {
  if (strong === weak) return false;
  const precedence =
    strong.priority - weak.priority || EFFECTS.indexOf(weak.decision) - EFFECTS.indexOf(strong.decision);
  if (precedence <= 0) return false;
  // A condition that errors makes deny and approval rules apply and allow rules not, so an allow rule does not cover
  // another decision on the same condition.
  if (conditionKey(strong) !== "" && strong.decision === "allow" && weak.decision !== "allow") return false;
  return coversAll(strong.typeGlobs, weak.typeGlobs) && coversAll(strong.nameGlobs, weak.nameGlobs);
}

function coversAll(broad: readonly Glob[] | undefined, narrow: readonly Glob[] | undefined): boolean {
  if (broad === undefined) return true;
  return narrow?.every((glob) => broad.some((candidate) => coversGlob(candidate, glob))) ?? false;
}

/** Rules by their name globs, so that looking for a broader one does not compare all with all. */
class NameTable {
  readonly #byGlob = new Map<string, CompiledRule[]>();
  readonly #prefixLengths = new Set<number>();

  add(rule: CompiledRule): void {
    for (const glob of rule.nameGlobs ?? [undefined]) {
      const pattern = glob?.pattern ?? "*";
      const list = this.#byGlob.get(pattern);
      if (list === undefined) this.#byGlob.set(pattern, [rule]);
      else if (list.length < BUCKET_MAX) list.push(rule);
      if (glob !== undefined && glob.pattern === `${glob.prefix}*`) this.#prefixLengths.add(glob.prefix.length);
    }
  }

  stronger(rule: CompiledRule): CompiledRule | undefined {
    const found = this.#find("*", rule);
    const glob = rule.nameGlobs?.[0];
    if (found !== undefined || glob === undefined) return found;
    const exact = this.#find(glob.pattern, rule);
    if (exact !== undefined) return exact;
    for (const length of this.#prefixLengths) {
      if (length > glob.prefix.length) continue;
      const broader = this.#find(`${glob.prefix.slice(0, length)}*`, rule);
      if (broader !== undefined) return broader;
    }
    return undefined;
  }

  #find(pattern: string, weak: CompiledRule): CompiledRule | undefined {
    return this.#byGlob.get(pattern)?.find((candidate) => shadows(candidate, weak));
  }
}

/** Keeps the search linear when very many rules have the same globs; beyond it a shadowed rule may go unreported. */
const BUCKET_MAX = 64;
