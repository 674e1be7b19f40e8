import type { Node } from "../cel/ast.ts";
import { flatten } from "../cel/compile-logic.ts";
import { isAlwaysMap, typeAtPath } from "../cel/environment.ts";
import { indexable } from "../cel/facts.ts";
import { formatPath } from "../cel/paths.ts";
import { plainPattern } from "../cel/regex.ts";
import { unparse } from "../cel/unparse.ts";
import { compileGlob } from "../rules/glob.ts";
import type { Constant, Constraint } from "./constraints.ts";
import { type InputPath, inputPathOf, isText } from "./scope.ts";
import type { LintRule } from "./types.ts";

/** One thing that has to hold for a rule to apply. */
export interface Term {
  /** The term as CEL on one line: equal texts are equal terms. */
  readonly text: string;
  /** Undefined for a term that is more than a test of one place. */
  readonly test: PlaceTest | undefined;
  /** The terms of an `||`. */
  readonly anyOf: readonly Term[];
}

export interface PlaceTest {
  /** Equal for equal places; a flat name is another place than its path, since it is never absent. */
  readonly place: string;
  readonly constraint: Constraint;
  /** The test is true or false for every request. */
  readonly isTotal: boolean;
  /** It takes no fuel, so that nothing keeps it from being evaluated. */
  readonly isLight: boolean;
}

/** A type and a name that a rule's globs name together; undefined where any will do. */
export interface ActionGlobs {
  readonly type: string | undefined;
  readonly name: string | undefined;
}

/** Every pair of a type glob and a name glob of a rule: it applies to an action when the globs of one pair match it. */
export function actionsOf({ rule }: LintRule): ActionGlobs[] {
  const types = rule.actionTypes ?? [undefined];
  const names = rule.actionNames ?? [undefined];
  return types.flatMap((type) => names.map((name) => ({ type, name })));
}

/** The terms that a rule's globs amount to. */
export function globTerms(types: readonly string[] | undefined, names: readonly string[] | undefined): Term[] {
  const paths = [
    ["action_type", types],
    ["action_name", names],
  ] as const;
  return paths.flatMap(([place, patterns]) => {
    if (patterns === undefined || patterns.includes("*")) return [];
    const constraint = globConstraint(patterns);
    return [
      { text: `${place}: ${patterns.join(" ")}`, test: { place, constraint, isTotal: true, isLight: true }, anyOf: [] },
    ];
  });
}

/** The terms that a condition joins by `&&`. */
export function conditionTerms(condition: Node | undefined): Term[] {
  if (condition === undefined) return [];
  const nodes = condition.kind === "and" ? flatten(condition) : [condition];
  return nodes.filter((node) => !(node.kind === "literal" && node.value === true)).map(termOf);
}

function termOf(node: Node): Term {
  const anyOf = node.kind === "or" ? flatten(node).map(termOf) : [];
  return { text: unparse(node), test: anyOf.length > 0 ? valuesOfAny(anyOf) : testOf(node), anyOf };
}

/** `x == 1 || x == 2` is `x in [1, 2]`. */
function valuesOfAny(terms: readonly Term[]): PlaceTest | undefined {
  const values = new Set<Constant>();
  const place = terms[0]?.test?.place;
  for (const { test } of terms) {
    if (test?.constraint.kind !== "values" || test.place !== place) return undefined;
    for (const value of test.constraint.values) values.add(value);
  }
  const all = terms.map(({ test }) => test!);
  const isTotal = all.every((test) => test.isTotal);
  return { place: place!, constraint: { kind: "values", values }, isTotal, isLight: all.every((test) => test.isLight) };
}

function globConstraint(patterns: readonly string[]): Constraint {
  const globs = patterns.map(compileGlob);
  const literals = globs.flatMap(({ literal }) => literal ?? []);
  return literals.length === globs.length ? { kind: "values", values: new Set(literals) } : { kind: "globs", globs };
}

function testOf(node: Node): PlaceTest | undefined {
  switch (node.kind) {
    case "binary":
      return comparisonTest(node);
    case "has": {
      const path = inputPathOf(node.operand, undefined);
      if (path === undefined || path.absent !== undefined) return undefined;
      const place = formatPath([...path.keys, node.field]);
      return { place, constraint: { kind: "present" }, isTotal: isAlwaysMap(path.keys), isLight: true };
    }
    case "not": {
      const inner = testOf(node.operand);
      if (inner?.constraint.kind !== "values") return undefined;
      return { ...inner, constraint: { kind: "not", values: inner.constraint.values } };
    }
    case "call":
      return textTest(node);
    default:
      return undefined;
  }
}

function comparisonTest({ operator, left, right }: Extract<Node, { kind: "binary" }>): PlaceTest | undefined {
  if (operator === "in") return membershipTest(left, right);
  const [path, constant] = [inputPathOf(left, undefined), constantOf(right)];
  if (path === undefined || constant === undefined) {
    const turned = TURNED[operator];
    if (turned === undefined || constantOf(left) === undefined || inputPathOf(right, undefined) === undefined)
      return undefined;
    return relationTest(inputPathOf(right, undefined)!, turned, constantOf(left)!);
  }
  return relationTest(path, operator, constant);
}

const TURNED: Readonly<Record<string, string>> = { "==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<=" };

function relationTest(path: InputPath, operator: string, constant: Constant): PlaceTest | undefined {
  switch (operator) {
    case "==":
      return testAt(path, { kind: "values", values: new Set([constant]) }, isAlwaysThere(path));
    case "!=":
      return testAt(path, { kind: "not", values: new Set([constant]) }, isAlwaysThere(path));
    case "<":
    case "<=":
    case ">":
    case ">=":
      if (typeof constant !== "number") return undefined;
      return testAt(path, { kind: "bound", operator, value: constant }, false);
    default:
      return undefined;
  }
}

function membershipTest(left: Node, right: Node): PlaceTest | undefined {
  if (right.kind === "list") {
    const path = inputPathOf(left, undefined);
    const constants = right.elements.map(constantOf);
    if (path === undefined || constants.length === 0 || constants.includes(undefined)) return undefined;
    return testAt(path, { kind: "values", values: new Set(constants as Constant[]) }, isAlwaysThere(path));
  }
  const path = inputPathOf(right, undefined);
  const value = constantOf(left);
  if (path === undefined || path.absent !== undefined || value === undefined) return undefined;
  const isRoles = path.keys.join(".") === "identity.roles";
  return testAt(path, { kind: "holds", value }, isRoles, isRoles);
}

/** `startsWith`, `endsWith`, `contains`, `glob` and patterns that are no more than those. */
function textTest(node: Extract<Node, { kind: "call" }>): PlaceTest | undefined {
  const [first, second] = node.target === undefined ? node.args : [node.target, ...node.args];
  if (first === undefined || second === undefined) return undefined;
  const isGlob = node.name === "glob" && node.target === undefined;
  const [subject, part] = isGlob ? [second, first] : [first, second];
  const path = inputPathOf(subject, undefined);
  const pattern = isText(part) && (isGlob ? part.value : globOf(node, part.value));
  if (path === undefined || typeof pattern !== "string") return undefined;
  const isLight = node.name === "startsWith" || node.name === "endsWith";
  const isString = typeAtPath(path.keys)?.kind === "string";
  // For what may be no text, a test of one is an error, and equality with the same text is not.
  const constraint: Constraint = isString
    ? globConstraint([pattern])
    : { kind: "globs", globs: [compileGlob(pattern)] };
  return testAt(path, constraint, isLight && isString && isAlwaysThere(path), isLight);
}

/** The glob that says the same as a test of a text; undefined when there is none. */
function globOf(node: Extract<Node, { kind: "call" }>, part: string): string | undefined {
  if (node.target === undefined && node.name !== "matches") return undefined;
  const plain = node.name === "matches" ? plainPattern(part) : { text: part, ...AFFIXES[node.name] };
  if (plain?.atStart === undefined || plain.atEnd === undefined || /[*?]/.test(plain.text)) return undefined;
  return `${plain.atStart ? "" : "*"}${plain.text}${plain.atEnd ? "" : "*"}`;
}

const AFFIXES: Readonly<Record<string, { readonly atStart: boolean; readonly atEnd: boolean }>> = {
  startsWith: { atStart: true, atEnd: false },
  endsWith: { atStart: false, atEnd: true },
  contains: { atStart: false, atEnd: false },
};

function testAt(path: InputPath, constraint: Constraint, isTotal: boolean, isLight = true): PlaceTest {
  const place = path.absent === undefined ? formatPath(path.keys) : `${formatPath(path.keys)} or empty`;
  return { place, constraint, isTotal, isLight };
}

/** Reading it is never an error: it is in every request, or a flat name. */
function isAlwaysThere({ keys, absent }: InputPath): boolean {
  return absent !== undefined || keys.length === 1 || /^identity\.(?:name|roles)$/.test(keys.join("."));
}

function constantOf(node: Node): Constant | undefined {
  return node.kind === "literal" ? indexable(node.value) : undefined;
}
