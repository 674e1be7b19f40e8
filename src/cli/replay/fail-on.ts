import { InvalidArgumentError } from "commander";
import { EFFECTS } from "../../model/decision.ts";
import type { ReplayReport } from "../../operations/replay/replay-export.ts";

/** What `--fail-on` names: transitions as in the report, or `any`, `rules`, `undecidable`. */
export type FailOn = readonly string[];

const TRANSITIONS = EFFECTS.flatMap((from) => EFFECTS.filter((to) => to !== from).map((to) => `${from}->${to}`));
const OTHERS = ["any", "rules", "undecidable"];

/**
 * A list separated by commas. `allow-to-deny` is `allow->deny` for those who do not want to quote.
 * @throws InvalidArgumentError
 */
export function parseFailOn(text: string, previous: FailOn = []): FailOn {
  const names = text.split(",").map((name) => name.trim().replace("-to-", "->"));
  const unknown = names.find((name) => !TRANSITIONS.includes(name) && !OTHERS.includes(name));
  if (unknown === undefined) return [...previous, ...names];
  // What the shell has left of `allow->deny`: the rest has become a file.
  if (unknown.endsWith("-")) throw new InvalidArgumentError("Quote it, or write allow-to-deny: `>` is the shell's.");
  throw new InvalidArgumentError(`Allowed: ${[...OTHERS, ...TRANSITIONS].join(", ")}.`);
}

/** Whether the report has any of what was named. */
export function isNamed(report: ReplayReport, failOn: FailOn): boolean {
  const { transitions, same_decision, undecidable } = report;
  return failOn.some((name) => {
    if (name === "any") return report.changed > 0;
    if (name === "rules") return same_decision.count > 0;
    if (name === "undecidable") return undecidable.count > 0;
    return transitions.some(({ transition }) => transition === name);
  });
}
