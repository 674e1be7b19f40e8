/** `CEL_DIFF_SEED` picks another reproducible run; failures print the seed and the path to the shrunk case. */
export const differentialSeed = Number(process.env.CEL_DIFF_SEED ?? 20_261_121);

/** Detects a hang, and leaves room for a slow machine and for `CEL_DIFF_RUNS`. */
export const differentialTimeoutMs = 600_000;

/** How many cases a property tries: `CEL_DIFF_RUNS` if set, else what fits a few seconds. */
export function differentialRuns(byDefault: number): number {
  return Number(process.env.CEL_DIFF_RUNS ?? byDefault);
}
