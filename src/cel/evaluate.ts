import type { Run } from "./compiled.ts";
import { type EvalFrame, FUEL_PER_EVALUATION } from "./frame.ts";
import { CelError, LIMIT_EXCEEDED } from "./values.ts";

const EVALUATION_FAILED = new CelError("evaluation failed");

/** Evaluates what was compiled, on a full tank. */
export function evaluateOn(frame: EvalFrame, run: Run): unknown {
  frame.fuel = FUEL_PER_EVALUATION;
  try {
    const value = run(frame);
    return frame.fuel < 0 ? LIMIT_EXCEEDED : value;
  } catch {
    // Nothing here throws; should a library below, then a decision must still come out, and be a deny.
    return EVALUATION_FAILED;
  }
}
