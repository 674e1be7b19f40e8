import type { AuditFilters, DecisionRecord } from "../audit/index.ts";
import type { Decision } from "../model/decision.ts";
import type { RuleSet } from "../rules/types.ts";
import { compareOutcomes, type Difference } from "./compare-outcomes.ts";
import { readLine } from "./read-record.ts";
import { redecide, ruledOf } from "./redecide.ts";
import { createSelection } from "./select-records.ts";
import type { MalformedLine, ReplayExample, UndecidableExample } from "./types.ts";

export interface JudgeOptions {
  /** The candidate. Its selections are used here, so nobody else may `select` on it while a line is taken. */
  readonly ruleSet: RuleSet;
  /** Which decisions; `{}` for all. */
  readonly filters: Omit<AuditFilters, "kind">;
  /** Of each transition, group and kind of trouble; 0 for none. */
  readonly examplesMax: number;
}

/** A decision that comes out otherwise. */
export interface JudgedDifference {
  readonly kind: Exclude<Difference, "none">;
  readonly example: ReplayExample;
}

/**
 * What became of some lines that stand one behind the other. Plain data: it may come from another thread. Line numbers count
 * from 1 at the first of them.
 */
export interface JudgedLines {
  readonly lines: number;
  readonly records: number;
  readonly decisions: number;
  readonly unchanged: number;
  /** How many of the compared were made by which rule set; the first seen first. */
  readonly revisions: ReadonlyMap<string, number>;
  /** In their order. */
  readonly different: readonly JudgedDifference[];
  readonly undecidable: { readonly count: number; readonly examples: readonly UndecidableExample[] };
  readonly notByRules: ReadonlyMap<string, number>;
  readonly malformed: { readonly count: number; readonly examples: readonly MalformedLine[] };
  /** The last line that is not empty; `records` is what a trailer counts. Undefined when all of them are empty. */
  readonly last: { readonly line: number; readonly isTrailer: boolean; readonly records?: unknown } | undefined;
}

/** Decides recorded decisions again, line by line: each step is one decision. */
export interface Judge {
  /** How many lines were taken since the last `take`. */
  readonly lines: number;
  /** @param text a line of an export without its line feed; an empty one means nothing */
  line(text: string): void;
  /** A line that could not be read. */
  malformed(detail: string): void;
  /** What became of the lines since the last time. */
  take(): JudgedLines;
}

export function createJudge({ ruleSet, filters, examplesMax }: JudgeOptions): Judge {
  const selects = createSelection(filters);
  let judged = nothing();

  function refuse(detail: string): void {
    judged.malformed.count += 1;
    if (judged.malformed.examples.length < examplesMax) judged.malformed.examples.push({ line: judged.lines, detail });
  }

  function judgeDecision(record: DecisionRecord, isWhole: boolean): void {
    const after = isWhole ? redecide(ruleSet, record) : "undecidable";
    if (after === "not_valid") {
      refuse("a request that would not be decided on, or no time");
      return;
    }
    judged.decisions += 1;
    const before = isWhole ? ruledOf(record) : undefined;
    if (isWhole && before === undefined) increment(judged.notByRules, record.decision.reason_code);
    else if (after === "undecidable" || before === undefined) countUndecidable(record);
    else compare(record, before, after);
  }

  function countUndecidable(record: DecisionRecord): void {
    const { undecidable } = judged;
    undecidable.count += 1;
    if (undecidable.examples.length < examplesMax) undecidable.examples.push(undecidableExample(record));
  }

  function compare(record: DecisionRecord, before: Decision, after: Decision): void {
    increment(judged.revisions, before.policy_revision);
    const kind = compareOutcomes(before, after);
    if (kind === "none") judged.unchanged += 1;
    else judged.different.push({ kind, example: exampleOf(record, before, after) });
  }

  function take(text: string): void {
    const line = readLine(text);
    const isTrailer = line.kind === "trailer";
    judged.last = { line: judged.lines, isTrailer, ...(isTrailer && { records: line.records }) };
    if (line.kind === "malformed") refuse(line.detail);
    if (line.kind === "decision" || line.kind === "event") judged.records += 1;
    if (line.kind === "decision" && selects(line.record)) judgeDecision(line.record, line.isWhole);
  }

  return {
    get lines() {
      return judged.lines;
    },
    line(text) {
      judged.lines += 1;
      if (text !== "") take(text);
    },
    malformed(detail) {
      judged.lines += 1;
      judged.last = { line: judged.lines, isTrailer: false };
      refuse(detail);
    },
    take() {
      const taken = judged;
      judged = nothing();
      return taken;
    },
  };
}

const nothing = () => ({
  lines: 0,
  records: 0,
  decisions: 0,
  unchanged: 0,
  revisions: new Map<string, number>(),
  different: [] as JudgedDifference[],
  undecidable: { count: 0, examples: [] as UndecidableExample[] },
  notByRules: new Map<string, number>(),
  malformed: { count: 0, examples: [] as MalformedLine[] },
  last: undefined as JudgedLines["last"],
});

function increment(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function exampleOf(record: DecisionRecord, before: Decision, after: Decision): ReplayExample {
  return {
    id: record.id,
    time: record.time,
    action_type: record.request.action_type,
    action_name: record.request.action_name,
    identity: record.identity.name,
    before: outcomeOf(before),
    after: outcomeOf(after),
  };
}

const outcomeOf = ({ decision, reason_code, rules }: Decision) => ({ decision, reason_code, rules });

function undecidableExample({ id, time, request, identity, redacted = [] }: DecisionRecord): UndecidableExample {
  return {
    id,
    time,
    action_type: String(request?.action_type),
    action_name: String(request?.action_name),
    identity: String(identity?.name),
    redacted,
  };
}
