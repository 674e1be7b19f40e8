import type { Node } from "../cel/ast.ts";
import { formatPath } from "../cel/paths.ts";
import { childrenOf, startOf } from "../cel/tree.ts";
import { ERROR, isAtOrAbove, outcomesOf } from "./absence.ts";
import type { Remark } from "./impossible-comparison.ts";
import { type InputPath, inputPathOf } from "./scope.ts";
import type { LintRule } from "./types.ts";
import { walk } from "./walk.ts";

interface Read {
  readonly node: Node;
  readonly path: InputPath;
}

/**
 * Paths that a request may leave out and that are read where nothing has asked for them: then the condition is an error. An
 * allow rule grants nothing on an error, a deny or approval rule applies.
 */
export function findMissingHas({ condition, rule }: LintRule): Remark[] {
  if (condition === undefined) return [];
  const reads = readsIn(condition);
  const absences = new Map(reads.flatMap(({ path }) => optionalPartsOf(path)).map((keys) => [formatPath(keys), keys]));
  return [...absences.values()].flatMap((absent): Remark[] => {
    const isConcerned = ({ path }: Read) => isAtOrAbove(absent, path.keys);
    const all = { absent, isRead: () => true };
    if ((outcomesOf(condition, all) & ERROR) === 0) return [];
    // The first read that fails by itself; else they fail only together, and the first stands for all.
    const concerned = reads.filter(isConcerned);
    const unguarded = concerned.find(
      ({ node }) => outcomesOf(condition, { absent, isRead: (read) => read === node }) & ERROR,
    );
    const { node, path } = unguarded ?? concerned[0]!;
    return [{ offset: startOf(node), message: messageFor(absent, path, rule.decision) }];
  });
}

/** Every read of a path, in the order of the source; what only asks whether something is there is none. */
function readsIn(condition: Node): Read[] {
  const inner = new Set<Node>();
  const reads: Read[] = [];
  for (const { node, scope } of walk(condition)) {
    const path = inputPathOf(node, scope);
    if (path === undefined) continue;
    // Operands come first, so a longer path takes the place of the shorter ones in it.
    for (const child of childrenOf(node)) inner.add(child);
    reads.push({ node, path });
  }
  return reads.filter(({ node }) => !inner.has(node));
}

/** The parts of a path, from the top, that a request may leave out. */
function optionalPartsOf({ keys }: InputPath): [string, ...string[]][] {
  const always = alwaysThere(keys);
  return keys.slice(always).map((_, at) => keys.slice(0, always + at + 1) as [string, ...string[]]);
}

/** How many of the first keys are there in every request. */
function alwaysThere([root, second]: readonly string[]): number {
  if (root === "request") return 2;
  if (root !== "identity") return 1;
  return second === "name" || second === "roles" || second === "attributes" ? 2 : 1;
}

function messageFor(absent: readonly [string, ...string[]], read: InputPath, decision: string): string {
  const effect =
    decision === "allow"
      ? "the condition is an error: the rule grants nothing, and the answer lists the error"
      : `the condition is an error, so this ${decision} rule applies`;
  if (read.absent !== undefined)
    return `\`${read.text}\` is \`""\` where there is none; then ${effect}; ask \`${read.text} != ""\` first`;
  return `\`${formatPath(absent)}\` may be absent; then ${effect}; ask ${askFor(absent)} first`;
}

function askFor(keys: readonly [string, ...string[]]): string {
  const key = keys.at(-1)!;
  const isName = /^[A-Za-z_][A-Za-z0-9_]*$/.test(key);
  return isName
    ? `\`has(${formatPath(keys)})\``
    : `\`${JSON.stringify(key)} in ${formatPath(keys.slice(0, -1) as [string])}\``;
}
