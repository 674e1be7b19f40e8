import type { BinaryNode, Node } from "../cel/ast.ts";
import { TYPE_NAMES } from "../cel/environment.ts";
import { numberOf } from "../cel/facts.ts";
import { unparse } from "../cel/unparse.ts";
import { isText, lookUp, type Scope } from "./scope.ts";
import { JSON_SHAPE, type Kind, only, type Shape, shapeOf } from "./shapes.ts";
import type { LintRule } from "./types.ts";
import { rangeOf, type ValueRange } from "./value-ranges.ts";
import { walk } from "./walk.ts";

/** A place in a condition, and what is to be said of it. */
export interface Remark {
  /** In the condition, in UTF-16 units. */
  readonly offset: number;
  readonly message: string;
}

type Locals = Scope<Shape | undefined> | undefined;

/**
 * Comparisons whose outcome is the same for every request, because of the type or the spelling that the value of a path has.
 * What the types of the checker rule out is an error of loading and does not come here.
 */
export function findImpossibleComparisons({ condition }: LintRule): Remark[] {
  if (condition === undefined) return [];
  return [...walk(condition)].flatMap(({ node, scope }) => {
    if (node.kind === "binary") return remarksOn(node, scope);
    return node.kind === "call" && node.target !== undefined ? remarkOnAffix(node, node.target, scope) : [];
  });
}

function remarksOn(node: BinaryNode, scope: Locals): Remark[] {
  const { operator, left, right, offset } = node;
  if (operator === "in") return right.kind === "list" ? remarksOnMembers(left, right.elements, offset, scope) : [];
  if (!/^(?:[=!]=|[<>]=?)$/.test(operator)) return [];
  const problem =
    typeProblem(operator, left, right, scope) ??
    rangeProblem(operator, left, right, scope) ??
    rangeProblem(MIRRORED[operator] ?? operator, right, left, scope);
  return problem === undefined ? [] : [{ offset, message: problem }];
}

const MIRRORED: Readonly<Record<string, string>> = { "<": ">", "<=": ">=", ">": "<", ">=": "<=" };

/** `x in [a, b]`: the whole when no member can be equal, else each member that never is because of its spelling. */
function remarksOnMembers(left: Node, members: readonly Node[], offset: number, scope: Locals): Remark[] {
  if (members.length === 0) return [];
  const problems = members.map((member) => typeProblem("==", left, member, scope));
  if (problems.every((problem) => problem !== undefined)) return [{ offset, message: problems[0]! }];
  return members.flatMap((member) => {
    const message = rangeProblem("==", left, member, scope);
    return message === undefined ? [] : [{ offset: member.offset, message }];
  });
}

/** Types that have no value in common: then `==` is false, and an order is an error. */
function typeProblem(operator: string, left: Node, right: Node, scope: Locals): string | undefined {
  const ofType = typeTestProblem(operator, left, right, scope) ?? typeTestProblem(operator, right, left, scope);
  if (ofType !== undefined) return ofType;
  const [a, b] = [shapeOf(left, scope), shapeOf(right, scope)];
  if (a === undefined || b === undefined || haveCommon(a, b)) return undefined;
  const [json, other] = a === JSON_SHAPE ? [left, b] : [right, a];
  const kind = only(other);
  if (kind === undefined) return undefined;
  const effect = /^[=!]=$/.test(operator) ? outcomeText(operator === "!=") : "this is always an error";
  const hint =
    kind === "timestamp" || kind === "duration" ? `; write \`${kind}(${unparse(json)})\` to read it as one` : "";
  return `\`${unparse(json)}\` is never ${withArticle(kind)}, so ${effect}${hint}`;
}

const NUMERIC: ReadonlySet<Kind> = new Set(["int", "uint", "double"]);

function haveCommon(a: Shape, b: Shape): boolean {
  for (const kind of a.kinds) {
    for (const other of b.kinds) if (kind === other || (NUMERIC.has(kind) && NUMERIC.has(other))) return true;
  }
  return false;
}

/** `type(x) == int` */
function typeTestProblem(operator: string, test: Node, name: Node, scope: Locals): string | undefined {
  if (!/^[=!]=$/.test(operator) || name.kind !== "ident" || test.kind !== "call") return undefined;
  if (!TYPE_NAMES.has(name.name) || lookUp(name.name, scope) !== undefined) return undefined;
  const [operand] = test.args;
  if (test.name !== "type" || test.target !== undefined || operand === undefined) return undefined;
  const shape = shapeOf(operand, scope);
  const kind = (name.name === "null_type" ? "null" : name.name) as Kind;
  if (shape === undefined || shape.kinds.has(kind)) return undefined;
  const text = unparse(operand);
  const hint =
    NUMERIC.has(kind) && shape.kinds.has("double")
      ? `: numbers of a request are doubles, so ${outcomeText(operator === "!=")}; write \`type(${text}) ${operator} double\``
      : `, so ${outcomeText(operator === "!=")}`;
  return `\`${text}\` is never ${withArticle(kind)}${hint}`;
}

/** The value of a path that a constant never is, or is always beyond. */
function rangeProblem(operator: string, operand: Node, constant: Node, scope: Locals): string | undefined {
  if (constant.kind !== "literal") return undefined;
  const range = rangeOf(operand, scope);
  if (range?.kind === "text") {
    if (!isText(constant) || !/^[=!]=$/.test(operator)) return undefined;
    const why = range.whyNever(constant.value);
    if (why === undefined) return undefined;
    return `\`${unparse(operand)}\` is never \`${unparse(constant)}\`: ${why}, so ${outcomeText(operator === "!=")}`;
  }
  const number = numberOf(constant.value);
  const outcome = range && number !== undefined ? compareWithRange(operator, range, number) : undefined;
  return outcome === undefined ? undefined : `${range!.why}, so ${outcomeText(outcome)}`;
}

/** @returns what the comparison always gives, undefined when that depends */
function compareWithRange(
  operator: string,
  { min, max }: Extract<ValueRange, { kind: "integers" }>,
  value: number,
): boolean | undefined {
  const isPossible = Number.isInteger(value) && value >= min && value <= max;
  switch (operator) {
    case "==":
      return isPossible ? undefined : false;
    case "!=":
      return isPossible ? undefined : true;
    case "<":
      return value <= min ? false : value > max ? true : undefined;
    case "<=":
      return value < min ? false : value >= max ? true : undefined;
    case ">":
      return value >= max ? false : value < min ? true : undefined;
    case ">=":
      return value > max ? false : value <= min ? true : undefined;
    default:
      return undefined;
  }
}

/** `dest_domain.endsWith(".Example.com")` */
function remarkOnAffix(node: Extract<Node, { kind: "call" }>, target: Node, scope: Locals): Remark[] {
  const [part] = node.args;
  if (!/^(?:startsWith|endsWith|contains)$/.test(node.name) || part === undefined || !isText(part)) return [];
  const range = rangeOf(target, scope);
  const why = range?.kind === "text" ? range.whyNotIn(part.value) : undefined;
  if (why === undefined) return [];
  return [
    {
      offset: node.offset,
      message: `\`${unparse(target)}\` never has \`${unparse(part)}\` in it: ${why}, so this is never true`,
    },
  ];
}

function withArticle(kind: Kind): string {
  return kind === "int" ? "an int" : kind === "bytes" ? "bytes" : kind === "null" ? "null" : `a ${kind}`;
}

function outcomeText(isTrue: boolean): string {
  return isTrue ? "this is always true" : "this is never true";
}
