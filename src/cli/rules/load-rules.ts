import { checkRules, type RuleSet } from "../../operations/rule-sets/check-rules.ts";
import { CliError } from "../cli-error.ts";
import type { CliDeps } from "../deps.ts";
import { createPaint } from "../paint.ts";
import { formatDiagnostics, located, type RulesPlace } from "./diagnostics-text.ts";

/**
 * The rule set of a directory. What is wrong with it goes to stderr, which is never coloured: stdout holds a result or nothing.
 * @param message what that means
 * @throws CliError when the rules have errors
 */
export async function loadRules(
  deps: CliDeps,
  place: RulesPlace,
  message: string,
  hint = "Fix them; `verdict rules check` shows them again.",
): Promise<RuleSet> {
  const { ruleSet, diagnostics } = checkRules(await deps.readRules(place.dir));
  if (ruleSet !== undefined) return ruleSet;
  const found = diagnostics.map((diagnostic) => located(diagnostic, place));
  deps.stderr(formatDiagnostics(found, createPaint(deps.env, false)));
  throw new CliError(message, { hint });
}
