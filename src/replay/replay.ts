import type { AuditFilters, DecisionRecord } from "../audit/index.ts";
import type { Decision } from "../model/decision.ts";
import type { RuleSet } from "../rules/types.ts";
import { compareOutcomes } from "./compare-outcomes.ts";
import { createDifferences } from "./differences.ts";
import { readLine } from "./read-record.ts";
import { redecide, ruledOf } from "./redecide.ts";
import { createSelection } from "./select-records.ts";
import { createTally } from "./tally.ts";
import type { MalformedLine, ReplayReport, UndecidableExample } from "./types.ts";

export interface ReplayOptions {
  /** The candidate. Its selections are used here, so nobody else may `select` on it while a line is taken. */
  readonly ruleSet: RuleSet;
  /** Which decisions; `{}` for all. */
  readonly filters: Omit<AuditFilters, "kind">;
  /** Of each transition, group and kind of trouble; 0 for none. */
  readonly examplesMax: number;
}

/** Decides recorded decisions again, line by line: each step is one decision, and memory does not grow with their number. */
export interface Replay {
  /** @param text a line of an export without its line feed; an empty one means nothing */
  line(text: string): void;
  /** A line that could not be read. */
  malformed(detail: string): void;
  /** What was found so far; lines may still come. */
  report(): ReplayReport;
}

export function createReplay({ ruleSet, filters, examplesMax }: ReplayOptions): Replay {
  const selects = createSelection(filters);
  const differences = createDifferences(examplesMax);
  const revisions = createTally<{ readonly revision: string; count: number }>(REVISIONS_MAX);
  const notByRules: Record<string, number> = {};
  const undecidable = { count: 0, examples: [] as UndecidableExample[] };
  const malformed = { count: 0, examples: [] as MalformedLine[] };
  let lines = 0;
  let records = 0;
  let decisions = 0;
  let compared = 0;
  let unchanged = 0;
  let isComplete = false;

  function refuse(detail: string): void {
    malformed.count += 1;
    if (malformed.examples.length < examplesMax) malformed.examples.push({ line: lines, detail });
  }

  function replayDecision(record: DecisionRecord, isWhole: boolean): void {
    const after = isWhole ? redecide(ruleSet, record) : "undecidable";
    if (after === "not_valid") {
      refuse("a request that would not be decided on, or no time");
      return;
    }
    decisions += 1;
    const before = isWhole ? ruledOf(record) : undefined;
    if (isWhole && before === undefined) countNotByRules(record.decision);
    else if (after === "undecidable" || before === undefined) countUndecidable(record);
    else compare(record, before, after);
  }

  function countNotByRules({ reason_code }: Decision): void {
    notByRules[reason_code] = (notByRules[reason_code] ?? 0) + 1;
  }

  function countUndecidable(record: DecisionRecord): void {
    undecidable.count += 1;
    if (undecidable.examples.length < examplesMax) undecidable.examples.push(exampleOf(record));
  }

  function compare(record: DecisionRecord, before: Decision, after: Decision): void {
    compared += 1;
    const revision = revisions.at(before.policy_revision, () => ({ revision: before.policy_revision, count: 0 }));
    if (revision !== undefined) revision.count += 1;
    const difference = compareOutcomes(before, after);
    if (difference === "none") unchanged += 1;
    else differences.add(difference, record, before, after);
  }

  function take(text: string): void {
    const line = readLine(text);
    isComplete = line.kind === "trailer" && line.records === lines - 1;
    if (line.kind === "malformed") refuse(line.detail);
    if (line.kind === "decision" || line.kind === "event") records += 1;
    if (line.kind === "decision" && selects(line.record)) replayDecision(line.record, line.isWhole);
  }

  return {
    line(text) {
      lines += 1;
      if (text !== "") take(text);
    },
    malformed(detail) {
      lines += 1;
      isComplete = false;
      refuse(detail);
    },
    report: () => ({
      revision: ruleSet.revision,
      records,
      decisions,
      compared,
      unchanged,
      ...differences.report(),
      undecidable: { ...undecidable, examples: [...undecidable.examples] },
      not_by_rules: { ...notByRules },
      revisions: revisions.groups(REVISIONS_MAX).groups.map((group) => ({ ...group })),
      malformed: { ...malformed, examples: [...malformed.examples] },
      is_complete: isComplete,
    }),
  };
}

/** More than there are in any log that somebody looks at: one is active for hours. */
const REVISIONS_MAX = 100;

function exampleOf({ id, time, request, identity, redacted = [] }: DecisionRecord): UndecidableExample {
  return {
    id,
    time,
    action_type: String(request?.action_type),
    action_name: String(request?.action_name),
    identity: String(identity?.name),
    redacted,
  };
}
