import type { AuditFilters } from "../audit/index.ts";
import { createExportReader, createReplay, type ReplayReport } from "../replay/index.ts";
import type { RuleSet } from "../rules/index.ts";

export type { Groups, Outcome, ReplayExample, ReplayReport, Transition } from "../replay/index.ts";

export interface ReplayedExport {
  /** The bytes of an export (NDJSON), in chunks of any size. */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** The candidate. */
  readonly ruleSet: RuleSet;
  readonly filters: Omit<AuditFilters, "kind">;
  readonly examplesMax: number;
}

/**
 * What a rule set would have decided on the decisions in an export. Nothing is recorded and nobody is asked.
 * @throws what reading the chunks throws
 */
export async function replayExport({ chunks, ...options }: ReplayedExport): Promise<ReplayReport> {
  const replay = createReplay(options);
  const reader = createExportReader(replay);
  for await (const chunk of chunks) reader.write(chunk);
  reader.end();
  return replay.report();
}
