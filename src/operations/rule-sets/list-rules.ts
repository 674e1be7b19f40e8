import { assertScope, type Caller } from "../../identity/index.ts";
import type { RuleSet } from "../../rules/index.ts";
import type { Service } from "../service.ts";
import type { LoadReport } from "./active-rules.ts";

export interface RulesView {
  readonly ruleSet: RuleSet | undefined;
  /** Epoch milliseconds. */
  readonly activatedAt: number | undefined;
  readonly lastLoad: LoadReport | undefined;
}

/** The active set and how the last load ended. @throws AppError `insufficient_scope` */
export function listRules({ activeRules }: Service, caller: Caller): RulesView {
  assertScope(caller, "rules:read");
  return { ruleSet: activeRules.current(), activatedAt: activeRules.activatedAt, lastLoad: activeRules.lastLoad };
}
