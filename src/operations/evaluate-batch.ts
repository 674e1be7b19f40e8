import type { Caller } from "../identity/index.ts";
import { AppError, type FieldFault } from "../model/errors.ts";
import type { Evaluation } from "../model/evaluation.ts";
import { parseEvaluateRequest } from "../model/request.ts";
import { type Call, evaluate } from "./evaluate.ts";
import type { Service } from "./service.ts";

/** One item's answer: a decision, or why this item could not be evaluated. Items do not affect each other. */
export type BatchResult = Evaluation | AppError;

/**
 * Evaluates items in their order; results are in the same order. All records go out in one write.
 * @param items raw, as parsed from JSON
 */
export function evaluateBatch(
  service: Service,
  caller: Caller,
  items: readonly unknown[],
  call: Call,
): Promise<BatchResult[]> {
  return Promise.all(items.map((item, at) => evaluateItem(service, caller, item, at, call)));
}

async function evaluateItem(
  service: Service,
  caller: Caller,
  item: unknown,
  at: number,
  call: Call,
): Promise<BatchResult> {
  const prefix = `/requests/${at}`;
  const parsed = parseEvaluateRequest(item);
  if (!parsed.ok) {
    return new AppError("invalid_request", "This item is not a valid request.", {
      faults: under(prefix, parsed.faults),
    });
  }
  // Each item's latency is its own, not the time since the batch came in.
  const own: Call = { ...call, startedAt: service.clock.microseconds() };
  try {
    return await evaluate(service, caller, parsed.value, own);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return new AppError(error.code, error.detail, { faults: under(prefix, error.faults) });
  }
}

const under = (prefix: string, faults: readonly FieldFault[]): FieldFault[] =>
  faults.map(({ pointer, detail }) => ({ pointer: prefix + pointer, detail }));
