import type { Effect } from "../../model/decision.ts";
import type { EvaluateRequest } from "../../model/request.ts";

/** What a service says about an action, as far as a hook needs it. */
export interface HookDecision {
  readonly decision: Effect;
  readonly reason: string;
  readonly helpText: string | undefined;
  /** Of an `approval_required`. */
  readonly approvalId: string | undefined;
  /** The types of the duties that whoever acts takes on. */
  readonly obligations: readonly string[];
}

/** Decides for the holder of one key. Methods reject with a CliError, also when the signal ends them. */
export interface DecisionService {
  evaluate(request: EvaluateRequest, signal: AbortSignal): Promise<HookDecision>;
  /**
   * Waits up to so many seconds for a person.
   * @returns whether the approval is still pending
   */
  isPending(approvalId: string, waitSeconds: number, signal: AbortSignal): Promise<boolean>;
}
