import type { Run } from "./compiled.ts";
import { type EvalFrame, FUEL_PER_EVALUATION } from "./frame.ts";
import { CelError, LIMIT_EXCEEDED } from "./values.ts";

const EVALUATION_FAILED = new CelError("evaluation failed");

/** Evaluates what was compiled, on a full tank, or on what the decision has left. */
export function evaluateOn(frame: EvalFrame, run: Run): unknown {
  const tank = Math.min(FUEL_PER_EVALUATION, frame.decisionFuel);
  frame.fuel = tank;
  try {
    const value = run(frame);
    return frame.fuel < 0 ? LIMIT_EXCEEDED : value;
  } catch {
    // Nothing here throws; should a library below, then a decision must still come out, and be a deny.
    return EVALUATION_FAILED;
  } finally {
    frame.decisionFuel -= tank - Math.max(frame.fuel, 0);
  }
}
