import type { Atom } from "./atom.ts";
import { type Assignment, assigned, toCandidate, type Value } from "./candidate.ts";
import { type InputPath, pathKey } from "./input-path.ts";
import { distinct } from "./samples.ts";

/** How many more requests may be tried. */
export interface Tries {
  left: number;
}

/**
 * Values that fulfil all atoms together, or undefined where none were found. Each path takes a value that all atoms about it
 * accept; what only holds together, such as a list of names and the names in it, is repaired one path at a time.
 */
export function satisfy(atoms: readonly Atom[], tries: Tries): Assignment | undefined {
  const domains = domainsOf(atoms);
  if (domains === undefined) return undefined;
  let assignment: Assignment = new Map();
  for (const { path, values } of domains.values()) assignment = assigned(assignment, path, values[0]);
  const until = tries.left - TRIES_MAX;
  let failing = failingIn(atoms, assignment, tries);
  for (let round = 0; failing.length > 0 && round < ROUNDS_MAX; round += 1) {
    if (tries.left < until) return undefined;
    const better = improve(atoms, assignment, failing, domains, tries);
    if (better === undefined) return undefined;
    ({ assignment, failing } = better);
  }
  return failing.length === 0 ? assignment : undefined;
}

const ROUNDS_MAX = 12;
/** A repair that takes more seldom succeeds. */
const TRIES_MAX = 200;
/** Of one path, when it is repaired. */
const VALUES_MAX = 40;

interface Domain {
  readonly path: InputPath;
  /** Never empty. */
  readonly values: readonly Value[];
}

/** @returns undefined when some path has no value that all atoms about it accept */
function domainsOf(atoms: readonly Atom[]): ReadonlyMap<string, Domain> | undefined {
  const domains = new Map<string, Domain>();
  for (const path of atoms.flatMap((atom) => atom.paths)) {
    const key = pathKey(path);
    if (domains.has(key)) continue;
    const values = commonValues(path, atoms);
    if (values.length === 0) return undefined;
    domains.set(key, { path, values });
  }
  return domains;
}

function commonValues(path: InputPath, atoms: readonly Atom[]): readonly Value[] {
  const about = atoms.filter((atom) => atom.paths.some((own) => pathKey(own) === pathKey(path)));
  const isAccepted = (value: Value) => about.every((atom) => atom.accepts(path, value));
  const common = distinct(about.flatMap((atom) => atom.values(path))).filter(isAccepted);
  if (common.length > 0) return common;
  return joined(about.map((atom) => atom.values(path))).filter(isAccepted);
}

/** Texts one behind the other, lists and objects with the members of both. */
function joined(lists: readonly (readonly Value[])[]): Value[] {
  const heads = lists.map((values) => values.slice(0, JOINED_MAX));
  return distinct(
    heads.flatMap((a) => heads.flatMap((b) => (a === b ? [] : a.flatMap((x) => b.flatMap((y) => join(x, y)))))),
  );
}

const JOINED_MAX = 6;

function join(a: Value, b: Value): Value[] {
  if (typeof a === "string" && typeof b === "string") return [a + b, `${a}/${b}`, `${a} ${b}`];
  if (Array.isArray(a) && Array.isArray(b)) return [[...a, ...b]];
  return isMap(a) && isMap(b) ? [{ ...a, ...b }] : [];
}

const isMap = (value: Value): value is object => typeof value === "object" && value !== null && !Array.isArray(value);

function failingIn(atoms: readonly Atom[], assignment: Assignment, tries: Tries): readonly Atom[] {
  tries.left -= 1;
  const candidate = toCandidate(assignment);
  return candidate === undefined ? atoms : atoms.filter((atom) => !atom.isFulfilled(candidate.activation));
}

interface Attempt {
  readonly assignment: Assignment;
  readonly failing: readonly Atom[];
}

/** The first change of one path with which fewer atoms fail. */
function improve(
  atoms: readonly Atom[],
  assignment: Assignment,
  failing: readonly Atom[],
  domains: ReadonlyMap<string, Domain>,
  tries: Tries,
): Attempt | undefined {
  const concerned = failing.flatMap((atom) => atom.paths);
  for (const { path, values } of domains.values()) {
    if (!concerned.some((other) => isRelated(path, other))) continue;
    for (const value of values.slice(0, VALUES_MAX)) {
      if (tries.left <= 0) return undefined;
      const changed = assigned(assignment, path, value);
      const still = failingIn(atoms, changed, tries);
      if (still.length < failing.length) return { assignment: changed, failing: still };
    }
  }
  return undefined;
}

/** Whether one is at or below the other; the parts of a destination come from one another. */
function isRelated(a: InputPath, b: InputPath): boolean {
  if (a[0] === "destination" && b[0] === "destination") return true;
  const shared = Math.min(a.length, b.length);
  return a.slice(0, shared).every((key, at) => key === b[at]);
}
