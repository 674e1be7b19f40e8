import { draftStatement, isCte, type Scope, type ScriptDraft, type StatementDraft } from "./collect.ts";
import { addressOf, qualifiedName, tableName, textsOf } from "./names.ts";
import { OTHER_FUNCTIONS } from "./other-functions.ts";
import type { SqlNode } from "./parser.ts";
import { isExtension } from "./parser-extensions.ts";
import { isPureFunction } from "./pure-functions.ts";
import { CHANGING_TYPES, HARMLESS_KINDS, kindOf } from "./statement-kinds.ts";
import { droppedTables, objectOf } from "./statement-objects.ts";
import { isConstantComparison, isTrivialCondition, joinsConstant } from "./where-condition.ts";

/** Where a part of a statement stands. */
interface Place {
  readonly statement: StatementDraft;
  readonly scope: Scope | undefined;
  /** What becomes of a table that is named here. */
  readonly role: "read" | "write" | "name";
  /** Behind `EXPLAIN` without `ANALYZE`: what changes rows is not run. */
  readonly isInert: boolean;
}

/** Reads one statement of a script, and those inside of it, into the draft. */
export function readStatement(script: ScriptDraft, root: SqlNode): void {
  new StatementReader(script).read(root);
}

/** INVARIANT: goes over the tree without recursion, so that no text makes it run out of stack. */
class StatementReader {
  readonly #script: ScriptDraft;
  /** Parts that are still to be read, and where each stands. */
  readonly #values: object[] = [];
  readonly #places: Place[] = [];

  constructor(script: ScriptDraft) {
    this.#script = script;
  }

  read(root: SqlNode): void {
    this.#open(root, undefined, false);
    for (let value = this.#values.pop(); value !== undefined; value = this.#values.pop()) {
      const place = this.#places.pop()!;
      if (Array.isArray(value)) this.#push(value, place);
      else this.#visit(value as SqlNode, place);
    }
  }

  /** Begins a statement of its own. */
  #open(wrapped: SqlNode, scope: Scope | undefined, isNested: boolean): void {
    const [type, node] = Object.entries(wrapped)[0] as [string, SqlNode];
    const kind = kindOf(type, node);
    const statement = draftStatement({
      kind,
      object: objectOf(type, node),
      isNested,
      isHarmless: HARMLESS_KINDS.has(kind),
    });
    this.#script.statements.push(statement);
    const { whereClause, returningClause, returningList, limitCount } = node;
    if (whereClause !== undefined) {
      statement.hasWhere = true;
      statement.isTrivial = isTrivialCondition(whereClause as SqlNode);
    }
    statement.hasLimit = limitCount !== undefined;
    statement.hasReturning = returningClause !== undefined || returningList !== undefined;
    this.#readUtility(type, node, { statement, scope, role: "write", isInert: false });
  }

  #readUtility(type: string, node: SqlNode, place: Place): void {
    const { statement } = place;
    switch (type) {
      case "ExplainStmt":
        this.#explain(node, place);
        return;
      case "PrepareStmt":
      case "DeclareCursorStmt":
        this.#open(node.query as SqlNode, undefined, true);
        return;
      case "CopyStmt":
        this.#copy(node, place);
        return;
      case "DropStmt":
        for (const name of droppedTables(node)) note(statement, name, "write");
        return;
      case "CommentStmt":
        if (node.objtype === "OBJECT_TABLE") note(statement, qualifiedName(addressOf(node.object as SqlNode)), "write");
        return;
      case "LockStmt":
        this.#push([node.relations], { ...place, role: "name" });
        return;
      default:
        this.#visitTyped(type, node, place);
        return;
    }
  }

  #explain({ query, options }: SqlNode, place: Place): void {
    const names = ((options ?? []) as readonly SqlNode[]).map(({ DefElem }) => (DefElem as SqlNode).defname);
    const [type, node] = Object.entries(query as SqlNode)[0] as [string, SqlNode];
    const isQuery = type === "SelectStmt" || CHANGING_TYPES.has(type);
    // SECURITY: `ANALYZE` runs the statement; whether its value is false is not asked.
    if (names.includes("analyze") || !isQuery) {
      place.statement.isHarmless = false;
      this.#open(query as SqlNode, place.scope, true);
    } else {
      this.#push([{ [type]: node }], { ...place, role: "read", isInert: true });
    }
  }

  #copy(node: SqlNode, place: Place): void {
    const isFrom = node.is_from === true;
    // A file or a program on the server; without one it goes through the connection.
    if (isFrom || node.filename !== undefined || node.is_program === true) place.statement.isHarmless = false;
    this.#push([node.relation, node.query, node.whereClause], { ...place, role: isFrom ? "write" : "read" });
  }

  #push(values: readonly unknown[], place: Place): void {
    for (let at = values.length - 1; at >= 0; at--) {
      const value = values[at];
      if (typeof value === "object" && value !== null) {
        this.#values.push(value);
        this.#places.push(place);
      }
    }
  }

  /** All fields but some, in their order, which is nearly that of the text. */
  #pushFields(node: SqlNode, place: Place, omitted: readonly string[] = []): void {
    const from = this.#values.length;
    for (const field in node) {
      const value = node[field];
      if (typeof value === "object" && value !== null && !omitted.includes(field)) {
        this.#values.push(value);
        this.#places.push(place);
      }
    }
    for (let low = from, high = this.#values.length - 1; low < high; low++, high--) {
      const value = this.#values[low]!;
      this.#values[low] = this.#values[high]!;
      this.#values[high] = value;
    }
  }

  /** A wrapped node, or the inside of one: a table or a branch of a `UNION` is told by a field that only it has. */
  #visit(value: SqlNode, place: Place): void {
    for (const type in value) {
      const code = type.charCodeAt(0);
      if (code >= 65 && code <= 90) {
        this.#visitTyped(type, value[type] as SqlNode, place);
        return;
      }
      break;
    }
    if (typeof value.relname === "string") this.#table(value, place);
    else if (value.limitOption !== undefined) this.#select(value, place);
    else if (value.funcname !== undefined && value.funcformat !== undefined) this.#call(value, place);
    else this.#pushFields(value, place);
  }

  #visitTyped(type: string, node: SqlNode, place: Place): void {
    if (isExtension(type, node)) this.#script.isExtended = true;
    switch (type) {
      case "RangeVar":
        this.#table(node, place);
        return;
      case "SelectStmt":
        this.#select(node, place);
        return;
      case "InsertStmt":
      case "UpdateStmt":
      case "DeleteStmt":
      case "MergeStmt":
        this.#change(type, node, place);
        return;
      case "FuncCall":
        this.#call(node, place);
        return;
      case "ColumnRef":
        this.#column(node.fields as readonly SqlNode[]);
        return;
      case "A_Const":
        this.#script.literals += 1;
        return;
      case "A_Expr":
        if (!isBuiltIn(node.name)) place.statement.isHarmless = false;
        if (isConstantComparison(node)) this.#script.hasConstantCondition = true;
        this.#push([node.lexpr, node.rexpr], place);
        return;
      case "SortBy":
      case "SubLink":
        if (!isBuiltIn(node.useOp ?? node.operName)) place.statement.isHarmless = false;
        break;
      case "BoolExpr":
        if (joinsConstant(node)) this.#script.hasConstantCondition = true;
        break;
      case "RangeTableSample":
        if (!SAMPLING.has(textsOf(node.method).join("."))) place.statement.isHarmless = false;
        break;
      case "JoinExpr":
        for (const name of textsOf(node.usingClause)) this.#script.columns.add(name);
        break;
      case "Constraint":
        if (node.pktable !== undefined) note(place.statement, tableName(node.pktable as SqlNode), "name");
        this.#push([node.raw_expr, node.where_clause, node.exclusions], { ...place, role: "read" });
        return;
    }
    if (typeof node === "object" && node !== null) this.#pushFields(node, place);
  }

  #table(node: SqlNode, { statement, scope, role }: Place): void {
    const isLocal = role === "read" && node.schemaname === undefined && isCte(node.relname as string, scope);
    if (!isLocal) note(statement, tableName(node), role);
  }

  #select(node: SqlNode, place: Place): void {
    const { statement } = place;
    if (node.op !== "SETOP_NONE") this.#script.hasUnion = true;
    // Locks of rows are writes, and wait for others.
    if (node.intoClause !== undefined || node.lockingClause !== undefined) statement.isHarmless = false;
    const into = (node.intoClause as SqlNode | undefined)?.rel;
    if (into !== undefined) note(statement, tableName(into as SqlNode), "write");
    this.#pushBody(node, place);
  }

  /** A statement that changes rows; inside of another one it is a statement of its own. */
  #change(type: string, node: SqlNode, place: Place): void {
    const { statement, scope, isInert } = place;
    const isRoot = statement.kind === kindOf(type, node) && place.role === "write";
    if (!isRoot && !isInert) {
      statement.isHarmless = false;
      this.#open({ [type]: node }, scope, true);
      return;
    }
    const target = tableName(node.relation as SqlNode);
    const looksAtRows = type !== "InsertStmt" || statement.hasReturning || node.onConflictClause !== undefined;
    note(statement, target, isInert ? "read" : "write");
    if (looksAtRows) note(statement, target, "read");
    this.#pushBody(node, place);
  }

  #pushBody(node: SqlNode, place: Place): void {
    const scope = this.#with(node.withClause, place);
    const isSame = place.role === "read" && place.scope === scope;
    this.#pushFields(node, isSame ? place : { ...place, role: "read", scope }, READ_APART);
  }

  /** Reads what a `WITH` defines. @returns the names that hold behind it */
  #with(clause: unknown, place: Place): Scope | undefined {
    let { scope } = place;
    if (clause === undefined) return scope;
    const { ctes, recursive } = clause as { ctes: readonly { CommonTableExpr: SqlNode }[]; recursive?: boolean };
    const nameOf = ({ CommonTableExpr }: { CommonTableExpr: SqlNode }) => CommonTableExpr.ctename as string;
    if (recursive === true) for (const cte of ctes) scope = { name: nameOf(cte), outer: scope };
    for (const cte of ctes) {
      // Not recursive: it sees those before it, and a table of its own name is the table.
      this.#push([cte.CommonTableExpr.ctequery, cte.CommonTableExpr.search_clause], { ...place, role: "read", scope });
      if (recursive !== true) scope = { name: nameOf(cte), outer: scope };
    }
    return scope;
  }

  #call(node: SqlNode, place: Place): void {
    const parts = textsOf(node.funcname);
    const name = qualifiedName(parts);
    place.statement.functions.add(name.toLowerCase());
    if (!isPureFunction(name) && !OTHER_FUNCTIONS.has(name)) place.statement.isHarmless = false;
    this.#pushFields(node, place.role === "read" ? place : { ...place, role: "read" }, ["funcname"]);
  }

  #column(fields: readonly SqlNode[]): void {
    const last = fields.at(-1);
    const name = (last?.String as SqlNode | undefined)?.sval;
    this.#script.columns.add(typeof name === "string" ? name : "*");
  }
}

/** Fields of statements that are not read like the others. */
const READ_APART = ["relation", "withClause", "intoClause", "lockingClause"];

/** Sampling methods that PostgreSQL brings along. */
const SAMPLING: ReadonlySet<string> = new Set(["bernoulli", "system", "pg_catalog.bernoulli", "pg_catalog.system"]);

/** Whether an operator is looked up where PostgreSQL's own are: `OPERATOR(schema.+)` may be anybody's. */
function isBuiltIn(name: unknown): boolean {
  if (!Array.isArray(name) || name.length < 2) return true;
  return name.length === 2 && textsOf(name)[0] === "pg_catalog";
}

function note(statement: StatementDraft, name: string, role: Place["role"]): void {
  statement.tables.add(name);
  if (role === "read") statement.reads.add(name);
  if (role === "write") statement.writes.add(name);
}
