import type { CelValue, Frame, NecessaryCondition } from "../cel/index.ts";
import { isCelError } from "../cel/index.ts";
import { ALWAYS_PRESENT, type Entry, rankConditions } from "./index-choice.ts";
import { createTextTable, type TextTable } from "./index-text-table.ts";
import { everyFew } from "./steps.ts";
import type { Rule, Steps } from "./types.ts";

/**
 * Finds the rules that can apply to a request without looking at the others: each rule is filed under its rarest
 * necessary condition, so a request pays for the paths that are indexed and for the rules it hits, not for the rest.
 *
 * INVARIANT: `select` gives every rule whose `matches` is true or an error for the frame's activation, each once.
 */
export interface RuleIndex {
  /** What the last `select` found; the next one overwrites it. */
  readonly candidates: readonly Rule[];
  select(frame: Frame): void;
}

export function* createRuleIndex(rules: readonly Rule[]): Steps<RuleIndex> {
  const entries = yield* rankConditions(rules);
  const root = yield* buildNode(entries, []);
  const found: Rule[] = [];
  const state: Selecting = { found, stamp: 0 };
  return {
    candidates: found,
    select(frame) {
      found.length = 0;
      if (state.stamp === STAMP_MAX) {
        for (const entry of entries) entry.stamp = 0;
        state.stamp = 0;
      }
      state.stamp += 1;
      selectNode(root, frame, state);
    },
  };
}

/** Stays a small integer of the engine, so that a long-running process does not slow down. */
const STAMP_MAX = 2 ** 30 - 1;

interface Selecting {
  readonly found: Rule[];
  stamp: number;
}

interface IndexNode {
  readonly unfiled: readonly Entry[];
  readonly paths: readonly PathIndex[];
}

/** All rules that are filed under one input path. */
interface PathIndex {
  readonly slot: number;
  readonly equals: ReadonlyMap<unknown, readonly Entry[]> | undefined;
  readonly prefix: TextTable<Entry> | undefined;
  readonly suffix: TextTable<Entry> | undefined;
  readonly contains: ReadonlyMap<unknown, readonly Entry[]> | undefined;
  /**
   * Rules about which an absent value, or one of a type that the condition does not expect, says nothing. They are
   * filed again by their other conditions, else a request without the path would pay for all of them.
   */
  readonly unresolved: IndexNode | undefined;
}

/** Each level needs a further path to be absent; what is left then is scanned. */
const LEVELS_MAX = 3;

/** @param usedSlots paths already known to say nothing */
function* buildNode(entries: readonly Entry[], usedSlots: readonly number[]): Steps<IndexNode> {
  if (usedSlots.length >= LEVELS_MAX) return { unfiled: entries, paths: [] };
  const unfiled: Entry[] = [];
  const filed = new Map<number, FiledPath>();
  yield* everyFew(entries, (entry) => {
    const condition = entry.conditions.find(({ slot }) => !usedSlots.includes(slot));
    if (condition === undefined) unfiled.push(entry);
    else file(filed, condition, entry);
  });
  const paths: PathIndex[] = [];
  for (const [slot, path] of filed) {
    yield;
    paths.push(yield* buildPath(slot, path, usedSlots));
  }
  return { unfiled, paths };
}

/** The index of one path while it is being filled. */
interface FiledPath {
  /** Keys keep their type: the number 1 and the text "1" differ. */
  readonly equals: Map<unknown, Entry[]>;
  readonly prefix: Map<unknown, Entry[]>;
  readonly suffix: Map<unknown, Entry[]>;
  readonly contains: Map<unknown, Entry[]>;
  readonly unresolved: Entry[];
  readonly isAlwaysPresent: boolean;
}

function file(
  filed: Map<number, FiledPath>,
  { slot, path, op, values, absent }: NecessaryCondition,
  entry: Entry,
): void {
  let target = filed.get(slot);
  if (target === undefined) {
    const isAlwaysPresent = ALWAYS_PRESENT.has(path);
    target = {
      equals: new Map(),
      prefix: new Map(),
      suffix: new Map(),
      contains: new Map(),
      unresolved: [],
      isAlwaysPresent,
    };
    filed.set(slot, target);
  }
  for (const value of values) {
    const list = target[op].get(value);
    if (list === undefined) target[op].set(value, [entry]);
    else list.push(entry);
  }
  if (absent === "unknown") target.unresolved.push(entry);
}

function* buildPath(slot: number, filed: FiledPath, usedSlots: readonly number[]): Steps<PathIndex> {
  const { equals, prefix, suffix, contains, unresolved } = filed;
  // A path that every request has is absent only in a malformed one: not worth a level of its own.
  const rest = filed.isAlwaysPresent
    ? { unfiled: unresolved, paths: [] }
    : yield* buildNode(unresolved, [...usedSlots, slot]);
  return {
    slot,
    equals: equals.size > 0 ? equals : undefined,
    prefix: createTextTable("prefix", prefix as Map<string, Entry[]>),
    suffix: createTextTable("suffix", suffix as Map<string, Entry[]>),
    contains: contains.size > 0 ? contains : undefined,
    unresolved: unresolved.length > 0 ? rest : undefined,
  };
}

function selectNode(node: IndexNode, frame: Frame, state: Selecting): void {
  take(node.unfiled, state);
  for (const path of node.paths) selectPath(path, frame.read(path.slot), frame, state);
}

function selectPath(path: PathIndex, value: CelValue, frame: Frame, state: Selecting): void {
  const { unresolved } = path;
  let isResolved = false;
  if (typeof value === "string") {
    if (path.equals !== undefined) take(path.equals.get(value), state);
    path.prefix?.each(value, takeEach, state);
    path.suffix?.each(value, takeEach, state);
    isResolved = path.contains === undefined;
  } else if (Array.isArray(value)) {
    if (path.contains !== undefined) for (const item of value) take(path.contains.get(item), state);
    isResolved = path.prefix === undefined && path.suffix === undefined;
  } else if (!isCelError(value)) {
    if (path.equals !== undefined) take(path.equals.get(value), state);
    isResolved = path.prefix === undefined && path.suffix === undefined && path.contains === undefined;
  }
  if (!isResolved && unresolved !== undefined) selectNode(unresolved, frame, state);
}

function takeEach(entries: readonly Entry[], state: Selecting): void {
  take(entries, state);
}

function take(entries: readonly Entry[] | undefined, state: Selecting): void {
  if (entries === undefined) return;
  const { found, stamp } = state;
  for (let i = 0; i < entries.length; i++) {
    const entry = entries[i]!;
    if (entry.stamp === stamp) continue;
    entry.stamp = stamp;
    found.push(entry.rule);
  }
}
