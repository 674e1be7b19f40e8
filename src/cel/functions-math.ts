import type { FunctionSpec } from "./functions.ts";

/** The math extension of the specification. */
export const MATH_FUNCTIONS: readonly FunctionSpec[] = [];
