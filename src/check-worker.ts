import { setPriority } from "node:os";
import { serveCalls } from "./adapters/worker/serve-calls.ts";
import { createCheckJobs } from "./check-jobs.ts";

/** Decisions get three quarters of a processor that both want. */
const NICENESS = 5;

yieldToDecisions();
serveCalls({ ...createCheckJobs() });

function yieldToDecisions(): void {
  // Elsewhere it would be the priority of the whole process.
  if (process.platform !== "linux") return;
  try {
    setPriority(0, NICENESS);
  } catch {
    // The system does not allow it, and shares the processors as it likes.
  }
}
