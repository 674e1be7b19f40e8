import type { Caller } from "../../identity/index.ts";
import { AppError, type FieldFault } from "../../model/errors.ts";
import type { Evaluation } from "../../model/evaluation.ts";
import { parseEvaluateRequest } from "../../model/request.ts";
import type { Service } from "../service.ts";
import { type Call, evaluate } from "./evaluate.ts";

/** One item's answer: a decision, or why this item could not be evaluated. Items do not affect each other. */
export type BatchResult = Evaluation | AppError;

/** How long a batch may keep others waiting before it lets them go first. */
const TURN_US = 2000;

/**
 * Evaluates items in their order; results are in the same order. What is decided in one turn is recorded in one write.
 * @param items raw, as parsed from JSON
 */
export async function evaluateBatch(
  service: Service,
  caller: Caller,
  items: readonly unknown[],
  call: Omit<Call, "requestJson">,
): Promise<BatchResult[]> {
  const results: Promise<BatchResult>[] = [];
  let turnBegan = service.clock.microseconds();
  for (const [at, item] of items.entries()) {
    results.push(evaluateItem(service, caller, item, at, call));
    if (service.clock.microseconds() - turnBegan < TURN_US) continue;
    await new Promise((resolve) => setImmediate(resolve));
    turnBegan = service.clock.microseconds();
  }
  return Promise.all(results);
}

async function evaluateItem(
  service: Service,
  caller: Caller,
  item: unknown,
  at: number,
  call: Omit<Call, "requestJson">,
): Promise<BatchResult> {
  const prefix = `/requests/${at}`;
  const parsed = parseEvaluateRequest(item);
  if (!parsed.ok) {
    return new AppError("invalid_request", "This item is not a valid request.", {
      faults: under(prefix, parsed.faults),
    });
  }
  if (parsed.value.explain === true) {
    const detail = "not in a batch; ask for this one alone";
    return new AppError("invalid_request", "This item is not a valid request.", {
      faults: [{ pointer: `${prefix}/explain`, detail }],
    });
  }
  // Each item's latency is its own, not the time since the batch came in.
  const own: Call = { ...call, startedAt: service.clock.microseconds(), requestJson: JSON.stringify(item) };
  try {
    return await evaluate(service, caller, parsed.value, own);
  } catch (error) {
    // Must not reject: the others go on, and nobody waits for this one yet.
    if (!(error instanceof AppError)) {
      service.logger.error({ err: error }, "an item of a batch failed");
      return new AppError("internal_error", "The service failed; the log says why.");
    }
    return new AppError(error.code, error.detail, { faults: under(prefix, error.faults) });
  }
}

const under = (prefix: string, faults: readonly FieldFault[]): FieldFault[] =>
  faults.map(({ pointer, detail }) => ({ pointer: prefix + pointer, detail }));
