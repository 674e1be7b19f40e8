import { checkRules, type RulesCheck } from "../../operations/rule-sets/check-rules.ts";
import type { CliDeps } from "../deps.ts";
import { EXIT } from "../exit-codes.ts";
import { createPaint } from "../paint.ts";
import { printableJson } from "../printable.ts";
import { formatDiagnostics, located, rulesPlace } from "./diagnostics-text.ts";

export interface RulesCheckOptions {
  readonly format: "pretty" | "json";
  readonly strict?: boolean;
}

/** @returns the exit code: 1 for errors and, when strict, for warnings */
export async function runRulesCheck(
  deps: CliDeps,
  given: string | undefined,
  { format, strict }: RulesCheckOptions,
): Promise<number> {
  const place = rulesPlace(deps, given);
  const check = checkRules(await deps.readRules(place.dir));
  const isOk = check.errors === 0 && !(strict === true && check.warnings > 0);
  const diagnostics = check.diagnostics.map((diagnostic) => located(diagnostic, place));
  if (format === "json") {
    const { ruleSet, files = null } = check;
    const report = {
      ok: isOk,
      revision: ruleSet?.revision ?? null,
      rules: ruleSet?.rules.length ?? null,
      files,
      diagnostics,
    };
    deps.stdout(printableJson(report, deps.isInteractive));
  } else {
    const paint = createPaint(deps.env, deps.isInteractive);
    const summary = isOk ? paint.good(summaryOf(check)) : paint.bad(summaryOf(check));
    const revision = check.ruleSet === undefined ? "" : `revision ${check.ruleSet.revision}\n`;
    deps.stdout(`${formatDiagnostics(diagnostics, paint)}${summary}\n${revision}`);
  }
  return isOk ? EXIT.ok : EXIT.failed;
}

function summaryOf({ errors, warnings, files, ruleSet }: RulesCheck): string {
  const found = errors + warnings === 0 ? "no problems" : `${count(errors, "error")}, ${count(warnings, "warning")}`;
  const searched = [
    ...(ruleSet === undefined ? [] : [count(ruleSet.rules.length, "rule")]),
    ...(files === undefined ? [] : [count(files, "file")]),
  ];
  return searched.length === 0 ? found : `${found} in ${searched.join(", ")}`;
}

const count = (number: number, noun: string) => `${number} ${noun}${number === 1 ? "" : "s"}`;
