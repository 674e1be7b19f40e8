/** Something that people should hear of although the spool goes on. */
export interface SpoolProblem {
  readonly kind:
    | "torn_tail"
    | "chain_lost"
    | "damaged_record"
    | "write_failed"
    | "checkpoint_failed"
    | "seal_failed"
    | "store_not_synced"
    | "progress_not_saved"
    | "not_removed"
    | "not_closed";
  /** File it is about. */
  readonly path: string;
  readonly detail: string;
}

export interface SpoolProblems {
  report(kind: SpoolProblem["kind"], path: string, error: unknown): void;
  /** @returns false when it failed, which is reported */
  attempt(kind: SpoolProblem["kind"], path: string, work: () => void): boolean;
  attemptAsync(kind: SpoolProblem["kind"], path: string, work: () => Promise<void>): Promise<boolean>;
}

export function createSpoolProblems(onProblem: (problem: SpoolProblem) => void): SpoolProblems {
  const report: SpoolProblems["report"] = (kind, path, error) =>
    onProblem({ kind, path, detail: error instanceof Error ? error.message : String(error) });
  return {
    report,
    attempt(kind, path, work) {
      try {
        work();
        return true;
      } catch (error) {
        report(kind, path, error);
        return false;
      }
    },
    async attemptAsync(kind, path, work) {
      try {
        await work();
        return true;
      } catch (error) {
        report(kind, path, error);
        return false;
      }
    },
  };
}
