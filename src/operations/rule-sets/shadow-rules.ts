import { decide } from "../../engine/index.ts";
import type { Activation } from "../../model/activation.ts";
import type { Decision } from "../../model/decision.ts";
import type { RuleSet } from "../../rules/index.ts";
import { recordEvent, type Service } from "../service.ts";

/** A rule set that decides the same requests beside the active one, without effect. */
export interface ShadowRules {
  /** Undefined: nothing is compared. */
  use(ruleSet: RuleSet | undefined): void;
  /**
   * Compares later, when the answers of this turn are on their way. Never throws.
   * @param ruled what the active rules alone decided
   */
  observe(activation: Activation, ruled: Decision): void;
}

export type ShadowDeps = Pick<Service, "spool" | "redactor" | "clock" | "newId" | "logger" | "settings"> & {
  readonly metrics: Pick<Service["metrics"], "recordShadow">;
  /** Runs something once the event loop has had its turn. */
  readonly later: (run: () => void) => void;
};

/** Requests that wait to be compared: beyond it they are counted as skipped. Bounds memory when the process is busy. */
const WAITING_MAX = 1000;

/** How long one turn of the event loop compares: rules that search long texts take a hundred times as long as those that compare. */
const TURN_MICROSECONDS = 1000;

/** Differences that are recorded in a minute, so that a candidate that differs everywhere does not double the log. */
const RECORDED_A_MINUTE = 60;

interface Observed {
  readonly activation: Activation;
  readonly ruled: Decision;
}

export function createShadowRules(deps: ShadowDeps): ShadowRules {
  let ruleSet: RuleSet | undefined;
  let waiting: Observed[] = [];
  let isScheduled = false;
  let minute = 0;
  let recorded = 0;
  let unrecorded = 0;

  function schedule(): void {
    if (isScheduled || waiting.length === 0) return;
    isScheduled = true;
    deps.later(compareSome);
  }

  function compareSome(): void {
    isScheduled = false;
    const startedAt = deps.clock.microseconds();
    let done = 0;
    while (ruleSet !== undefined && done < waiting.length) {
      compare(ruleSet, waiting[done]!);
      done += 1;
      if (deps.clock.microseconds() - startedAt >= TURN_MICROSECONDS) break;
    }
    waiting = waiting.slice(done);
    schedule();
  }

  function compare(candidate: RuleSet, { activation, ruled }: Observed): void {
    try {
      const { cacheTtlSecondsMax } = deps.settings;
      const would = decide({ ruleSet: candidate, activation, cacheTtlSecondsMax });
      deps.metrics.recordShadow(ruled.decision, would.decision);
      if (would.decision !== ruled.decision) record(candidate, activation, ruled, would);
    } catch (error) {
      deps.logger.error({ err: error, request_id: activation.request.id }, "the shadow rules failed on a request");
      deps.metrics.recordShadow(ruled.decision, "failed");
    }
  }

  function record(candidate: RuleSet, activation: Activation, ruled: Decision, would: Decision): void {
    const now = Math.floor(deps.clock.now() / 60_000);
    if (now !== minute) [minute, recorded] = [now, 0];
    if (recorded === RECORDED_A_MINUTE) {
      unrecorded += 1;
      return;
    }
    recorded += 1;
    const data = {
      request_id: activation.request.id,
      shadow_revision: candidate.revision,
      active: outcomeOf(ruled),
      shadow: outcomeOf(would),
      not_recorded_before: unrecorded,
    };
    unrecorded = 0;
    recordEvent(deps, "shadow.differed", "system", data).catch((error) =>
      deps.logger.error({ err: error }, "a difference of the shadow rules was not recorded"),
    );
  }

  return {
    use(next) {
      ruleSet = next;
      waiting = [];
    },
    observe(activation, ruled) {
      if (ruleSet === undefined) return;
      if (waiting.length === WAITING_MAX) return deps.metrics.recordShadow(ruled.decision, "skipped");
      waiting.push({ activation, ruled });
      schedule();
    },
  };
}

const outcomeOf = ({ decision, reason_code, rule_id, policy_revision }: Decision) => ({
  decision,
  reason_code,
  ...(rule_id !== undefined && { rule_id }),
  policy_revision,
});
