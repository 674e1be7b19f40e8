import type { SqlNode } from "./parser.ts";

/** What a condition makes of rows: the same of all of them, known or not, or it depends on the row. */
type Outcome = "true" | "false" | "same" | "row";

/**
 * Whether a condition cannot tell rows apart and is not surely false, so that it is as good as none: `true`, `1=1`, `x=x`,
 * `id = 5 or 1=1`, `now() > '2020-01-01'`.
 */
export function isTrivialCondition(condition: SqlNode): boolean {
  const outcome = outcomeOf(condition, 0);
  return outcome === "true" || outcome === "same";
}

/** Logic that is nested deeper than people write is taken for trivial. */
const DEPTH_MAX = 64;

function outcomeOf(node: SqlNode, depth: number): Outcome {
  if (depth > DEPTH_MAX) return "same";
  const { BoolExpr, A_Expr, A_Const } = node as Record<string, SqlNode | undefined>;
  if (BoolExpr !== undefined) return outcomeOfLogic(BoolExpr, depth + 1);
  if (A_Expr !== undefined) return outcomeOfComparison(A_Expr);
  if (A_Const !== undefined) return outcomeOfConstant(A_Const);
  return readsColumn(node) ? "row" : "same";
}

function outcomeOfLogic({ boolop, args }: SqlNode, depth: number): Outcome {
  const parts = (args as readonly SqlNode[]).map((part) => outcomeOf(part, depth));
  if (boolop === "NOT_EXPR") return NEGATED[parts[0]!];
  const [decides, passes] = boolop === "OR_EXPR" ? (["true", "false"] as const) : (["false", "true"] as const);
  if (parts.includes(decides)) return decides;
  const open = parts.filter((part) => part !== passes);
  if (open.length === 0) return passes;
  // `or` with something that may be true for all rows may be so itself; `and` still asks the row.
  if (boolop === "OR_EXPR") return open.includes("same") || isExhaustive(args as readonly SqlNode[]) ? "same" : "row";
  return open.includes("row") ? "row" : "same";
}

const NEGATED: Readonly<Record<Outcome, Outcome>> = { true: "false", false: "true", same: "same", row: "row" };

/** Tests for null that are looked at for their opposite. */
const NULL_TESTS_MAX = 16;

/** `x is null or x is not null` */
function isExhaustive(terms: readonly SqlNode[]): boolean {
  const tests = terms
    .flatMap(({ NullTest }) => (NullTest === undefined ? [] : [NullTest as SqlNode]))
    .slice(0, NULL_TESTS_MAX);
  return tests.some((a) => tests.some((b) => a.nulltesttype !== b.nulltesttype && isSame(a.arg, b.arg)));
}

/** Operators that a value and itself always fulfil, and those they never do. */
const REFLEXIVE: ReadonlySet<string> = new Set(["=", "<=", ">=", "~~", "~~*"]);
const IRREFLEXIVE: ReadonlySet<string> = new Set(["<>", "<", ">", "!~~", "!~~*"]);

function outcomeOfComparison(node: SqlNode): Outcome {
  const { kind } = node;
  const { lexpr, rexpr } = node as Record<string, SqlNode | undefined>;
  const operator = ((node.name as readonly SqlNode[])[0]?.String as SqlNode | undefined)?.sval as string;
  if (lexpr === undefined || rexpr === undefined) return readsColumn(node) ? "row" : "same";
  if ((kind === "AEXPR_LIKE" || kind === "AEXPR_ILIKE") && /^%+$/.test(String(constantOf(rexpr)))) {
    return operator.startsWith("!") ? "false" : "true";
  }
  if (isSame(lexpr, rexpr)) {
    if (kind === "AEXPR_NOT_DISTINCT") return "true";
    if (kind === "AEXPR_DISTINCT" || IRREFLEXIVE.has(operator)) return "false";
    if (REFLEXIVE.has(operator)) return "true";
  }
  const [left, right] = [constantOf(lexpr), constantOf(rexpr)];
  if (left !== undefined && right !== undefined && typeof left === typeof right) {
    if (operator === "=") return left === right ? "true" : "false";
    if (operator === "<>") return left === right ? "false" : "true";
  }
  if (kind === "AEXPR_IN" && holdsItself(lexpr, rexpr)) return operator === "<>" ? "false" : "true";
  return readsColumn(node) ? "row" : "same";
}

/** Operators that calculate; between two texts they are there to make a text of something else. */
const ARITHMETIC: ReadonlySet<string> = new Set(["+", "-", "*", "/", "%", "&", "|", "^", "#"]);
const COMPARISON: ReadonlySet<string> = new Set([...REFLEXIVE, ...IRREFLEXIVE, "!=", "~", "~*", "!~", "!~*"]);

/**
 * Whether an expression compares what does not depend on the row, constants or a column with itself, or calculates with
 * texts (`''-''`). Injected conditions look so; people have no use for them.
 */
export function isConstantComparison(node: SqlNode): boolean {
  const { lexpr, rexpr } = node as Record<string, SqlNode | undefined>;
  if (lexpr === undefined || rexpr === undefined) return false;
  const operator = ((node.name as readonly SqlNode[]).at(-1)?.String as SqlNode | undefined)?.sval as string;
  if (ARITHMETIC.has(operator)) return isText(lexpr) && isText(rexpr);
  if (!COMPARISON.has(operator) && !String(node.kind).includes("BETWEEN")) return false;
  if (isConstant(lexpr) && isConstant(rexpr)) return true;
  if (operator.startsWith("~~") && /^%+$/.test(String(constantOf(rexpr)))) return true;
  return REFLEXIVE.has(operator) && isSame(lexpr, rexpr);
}

/** `or true`, `and 1` */
export function joinsConstant({ boolop, args }: SqlNode): boolean {
  return boolop !== "NOT_EXPR" && (args as readonly SqlNode[]).some((part) => part.A_Const !== undefined);
}

function isText({ A_Const }: SqlNode): boolean {
  return (A_Const as SqlNode | undefined)?.sval !== undefined;
}

/** Parts of a constant that are looked at: this is asked about every part of an expression. What has more is taken for one. */
const PARTS_MAX = 64;

/** Whether nothing but constants and what is calculated of them is in a part. */
function isConstant(root: SqlNode): boolean {
  if (root.A_Const !== undefined) return true;
  if (root.ColumnRef !== undefined || root.FuncCall !== undefined) return false;
  const pending: unknown[] = [root];
  let left = PARTS_MAX;
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (left-- === 0) return true;
    if (Array.isArray(next)) {
      pending.push(...next);
      continue;
    }
    const { A_Const, A_Expr, TypeCast, List, A_ArrayExpr } = next as Record<string, SqlNode | undefined>;
    if (A_Const !== undefined) continue;
    if (A_Expr !== undefined) pending.push(...[A_Expr.lexpr, A_Expr.rexpr].filter((side) => side !== undefined));
    else if (TypeCast !== undefined) pending.push(TypeCast.arg);
    else if (List !== undefined) pending.push(List.items);
    else if (A_ArrayExpr !== undefined) pending.push(A_ArrayExpr.elements ?? []);
    else return false;
  }
  return true;
}

/** `x in (1, x)` */
function holdsItself(element: SqlNode, list: SqlNode): boolean {
  const items = (list.List as SqlNode).items as readonly SqlNode[];
  return items.some((item) => isSame(item, element));
}

function outcomeOfConstant(node: SqlNode): Outcome {
  const value = (node.boolval as SqlNode | undefined)?.boolval;
  if (node.boolval === undefined) return node.isnull === true ? "false" : "same";
  return value === true ? "true" : "false";
}

/** A number or text of a constant. Zero is left out of the tree. */
function constantOf(node: SqlNode): number | string | undefined {
  const { ival, fval, sval } = (node.A_Const ?? {}) as Record<string, SqlNode | undefined>;
  if (ival !== undefined) return Number(ival.ival ?? 0);
  if (fval !== undefined) return Number(fval.fval);
  return sval === undefined ? undefined : String(sval.sval ?? "");
}

/** Whether two parts are written the same. */
function isSame(a: unknown, b: unknown): boolean {
  const pending = [a, b];
  while (pending.length > 0) {
    const y = pending.pop() as SqlNode;
    const x = pending.pop() as SqlNode;
    if (x === y) continue;
    if (typeof x !== "object" || typeof y !== "object" || x === null || y === null) return false;
    let fields = 0;
    for (const field in x) {
      if (field === "location") continue;
      // Mostly they are not even of one kind.
      if (y[field] === undefined) return false;
      pending.push(x[field], y[field]);
      fields += 1;
    }
    for (const field in y) if (field !== "location") fields -= 1;
    if (fields !== 0) return false;
  }
  return true;
}

/** Whether a column is named anywhere in a part, its subqueries included. */
function readsColumn(root: unknown): boolean {
  const pending: unknown[] = [root];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (typeof next !== "object" || next === null) continue;
    if (Object.hasOwn(next, "ColumnRef")) return true;
    pending.push(...Object.values(next));
  }
  return false;
}
