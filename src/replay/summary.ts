import { createDifferences } from "./differences.ts";
import type { JudgedLines } from "./judge.ts";
import { createTally } from "./tally.ts";
import type { MalformedLine, ReplayReport, UndecidableExample } from "./types.ts";

/** Counts what became of lines, in memory that does not grow with their number. */
export interface Summary {
  /** @param judged the lines that come next */
  add(judged: JudgedLines): void;
  /** What was found so far; lines may still come. */
  report(): ReplayReport;
}

/** More than there are in any log that somebody looks at: one is active for hours. */
const REVISIONS_MAX = 100;

/** @param revision of the candidate */
export function createSummary(revision: string, examplesMax: number): Summary {
  const differences = createDifferences(examplesMax);
  const revisions = createTally<{ readonly revision: string; count: number }>(REVISIONS_MAX);
  const notByRules: Record<string, number> = {};
  const undecidable = { count: 0, examples: [] as UndecidableExample[] };
  const malformed = { count: 0, examples: [] as MalformedLine[] };
  const counts = { records: 0, decisions: 0, compared: 0, unchanged: 0 };
  let lines = 0;
  let isComplete = false;

  return {
    add(judged) {
      counts.records += judged.records;
      counts.decisions += judged.decisions;
      counts.unchanged += judged.unchanged;
      counts.compared += judged.unchanged + judged.different.length;
      for (const [made, count] of judged.revisions) {
        const group = revisions.at(made, () => ({ revision: made, count: 0 }));
        if (group !== undefined) group.count += count;
      }
      for (const { kind, example } of judged.different) differences.add(kind, example);
      for (const [code, count] of judged.notByRules) notByRules[code] = (notByRules[code] ?? 0) + count;
      addExamples(undecidable, judged.undecidable, examplesMax);
      const { count, examples } = judged.malformed;
      const placed = examples.map(({ line, detail }) => ({ line: lines + line, detail }));
      addExamples(malformed, { count, examples: placed }, examplesMax);
      const { last } = judged;
      if (last !== undefined) isComplete = last.isTrailer && last.records === lines + last.line - 1;
      lines += judged.lines;
    },
    report: () => ({
      revision,
      ...counts,
      ...differences.report(),
      undecidable: { ...undecidable, examples: [...undecidable.examples] },
      not_by_rules: { ...notByRules },
      revisions: revisions.groups(REVISIONS_MAX).groups.map((group) => ({ ...group })),
      malformed: { ...malformed, examples: [...malformed.examples] },
      is_complete: isComplete,
    }),
  };
}

interface Examples<Example> {
  readonly count: number;
  readonly examples: readonly Example[];
}

/** The first ones, as many as there may be. */
function addExamples<Example>(
  all: { count: number; examples: Example[] },
  { count, examples }: Examples<Example>,
  examplesMax: number,
): void {
  all.count += count;
  all.examples.push(...examples.slice(0, examplesMax - all.examples.length));
}
