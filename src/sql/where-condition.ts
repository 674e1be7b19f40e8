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
  const pending: [unknown, unknown][] = [[a, b]];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const [x, y] = next as [SqlNode, SqlNode];
    if (x === y) continue;
    if (typeof x !== "object" || typeof y !== "object" || x === null || y === null) return false;
    const keys = Object.keys(x).filter((key) => key !== "location");
    if (keys.length !== Object.keys(y).filter((key) => key !== "location").length) return false;
    for (const key of keys) pending.push([x[key], y[key]]);
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
