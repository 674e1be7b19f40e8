import { distance } from "fastest-levenshtein";
import type { CompiledRule } from "./compile-rule.ts";
import type { Diagnostic } from "./types.ts";

/** Paths below `context` that callers are told to send. */
const CONTEXT_PATHS = ["context.protocol", "context.framework", "context.gateway", "context.intent"];

/** Paths under these roots are free: any name may be right, so only the near miss of a known name is suspicious. */
const FREE_PATH = /^(?:arguments|context|identity\.attributes)\./;

/** Fewer letters than this differ by one edit too easily. */
const NAME_LENGTH_MIN = 5;

/** How often a path must be read by other rules to count as known. */
const KNOWN_USES_MIN = 2;

/** Keeps the comparison of rare with known paths under about 20 ms. */
const COMPARISONS_MAX = 200_000;

/**
 * Warns about a path that one rule alone reads and that is one or two edits from a path that several rules read, or that
 * the request's schema documents. Other names under `arguments`, `context` and `identity.attributes` cannot be judged; a
 * wrong name elsewhere is already an error of the CEL checker.
 */
export function findMisspeltPaths(rules: readonly CompiledRule[]): Diagnostic[] {
  const uses = new Map<string, { count: number; rule: CompiledRule }>();
  for (const rule of rules)
    for (const path of rule.expression?.paths ?? []) {
      const use = uses.get(path);
      if (use === undefined) uses.set(path, { count: 1, rule });
      else use.count += 1;
    }
  for (const path of uses.keys()) if (!FREE_PATH.test(path)) uses.delete(path);
  const known = [...CONTEXT_PATHS, ...[...uses].filter(([, use]) => use.count >= KNOWN_USES_MIN).map(([path]) => path)];
  const rare = [...uses].filter(([path, use]) => use.count < KNOWN_USES_MIN && !CONTEXT_PATHS.includes(path));
  if (known.length * rare.length > COMPARISONS_MAX) return [];
  return rare.flatMap(([path, { rule }]): Diagnostic[] => {
    const near = known.find((candidate) => isNearMiss(path, candidate));
    if (near === undefined) return [];
    const message = `no other rule reads \`${path}\`, did you mean \`${near}\`?`;
    return [{ ...rule.position, severity: "warning", code: "unknown-path", message, rule_id: rule.id }];
  });
}

/** Same parent, and names of some length that differ by one edit or by two swapped letters. */
function isNearMiss(path: string, known: string): boolean {
  const [parent, name] = splitLast(path);
  const [knownParent, knownName] = splitLast(known);
  if (parent !== knownParent || Math.min(name.length, knownName.length) < NAME_LENGTH_MIN) return false;
  if (/\d/.test(name) || isPlural(name, knownName)) return false;
  const edits = distance(name, knownName);
  return (
    edits === 1 || (edits === 2 && name.length === knownName.length && sortLetters(name) === sortLetters(knownName))
  );
}

function splitLast(path: string): [string, string] {
  const dot = path.lastIndexOf(".");
  return [path.slice(0, dot), path.slice(dot + 1)];
}

/** `recipient` and `recipients` are often both right. */
function isPlural(a: string, b: string): boolean {
  return a === `${b}s` || b === `${a}s`;
}

function sortLetters(text: string): string {
  return [...text].sort().join("");
}
