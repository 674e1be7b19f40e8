import { assertScope, type Caller } from "../../identity/index.ts";
import type { Diagnostic, RuleSet, RuleSource } from "../../rules/index.ts";
import { recordEvent, type Service } from "../service.ts";
import type { LoadedRules } from "./active-rules.ts";

/** How a reload ended. `changed` is false when the rules mean what they meant before. */
export type ReloadOutcome =
  | { readonly ok: true; readonly changed: boolean; readonly ruleSet: RuleSet }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

export interface RuleReloader {
  /**
   * Reads, compiles aside, records, swaps. Concurrent calls run one after the other, each reading afresh.
   * @param actor a key id, or `system`
   * @throws UnavailableError `audit_unavailable`: an activation that cannot be recorded does not happen
   */
  reload(actor: string): Promise<ReloadOutcome>;
}

export interface ReloaderDeps
  extends Pick<Service, "activeRules" | "spool" | "redactor" | "clock" | "newId" | "metrics" | "logger"> {
  /** Reads the rules directory and compiles it. Problems of reading are diagnostics too. Never throws. */
  readonly load: () => Promise<LoadedRules>;
  /** Keeps the sources of a rule set that will be activated. @throws UnavailableError `audit_unavailable` */
  readonly keepSources: (revision: string, sources: readonly RuleSource[]) => Promise<void>;
}

export function createRuleReloader(deps: ReloaderDeps): RuleReloader {
  let last: Promise<unknown> = Promise.resolve();
  return {
    reload(actor) {
      const turn = last
        .then(() => reloadOnce(deps, actor))
        .catch((error: unknown) => {
          deps.activeRules.apply({ ok: false, diagnostics: [NOT_RECORDED] }, deps.clock.now());
          deps.metrics.recordReload("refused");
          throw error;
        });
      last = turn.catch(() => undefined);
      return turn;
    },
  };
}

/** Shown where people look for why their change is not active. */
const NOT_RECORDED: Diagnostic = {
  severity: "error",
  code: "not-recorded",
  message: "the audit log cannot be written, so the rules were not activated; it is tried again",
  file: ".",
  line: 1,
  column: 1,
};

async function reloadOnce(deps: ReloaderDeps, actor: string): Promise<ReloadOutcome> {
  const { activeRules, clock, metrics, logger } = deps;
  const result = await deps.load();
  if (!result.ok) {
    activeRules.apply(result, clock.now());
    metrics.recordReload("refused");
    logger.error(
      { errors: result.diagnostics.filter(isError).slice(0, 20) },
      "the rules have errors and were not activated",
    );
    const active = activeRules.current()?.revision ?? null;
    await recordEvent(deps, "rules.refused", actor, {
      active_revision: active,
      diagnostics: result.diagnostics.slice(0, 20),
    });
    return { ok: false, diagnostics: result.diagnostics };
  }
  const { ruleSet } = result;
  const from = activeRules.current()?.revision ?? null;
  const changed = from !== ruleSet.revision;
  if (changed) {
    await deps.keepSources(ruleSet.revision, result.sources);
    // Recorded first: no decision may name a revision that the log does not know.
    await recordEvent(deps, "rules.activated", actor, {
      revision: ruleSet.revision,
      from,
      rules: ruleSet.rules.length,
    });
    logger.info({ revision: ruleSet.revision, rules: ruleSet.rules.length }, "rules activated");
  }
  activeRules.apply(result, clock.now());
  metrics.recordReload(changed ? "activated" : "unchanged");
  metrics.setRuleSet(ruleSet.revision, ruleSet.rules.length);
  return { ok: true, changed, ruleSet };
}

const isError = ({ severity }: Diagnostic) => severity === "error";

/** @throws AppError `insufficient_scope`, `audit_unavailable` */
export function reloadRules(service: Service, caller: Caller): Promise<ReloadOutcome> {
  assertScope(caller, "rules:write");
  return service.ruleReloader.reload(caller.keyId);
}
