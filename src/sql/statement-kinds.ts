import type { SqlNode } from "./parser.ts";

/** Kinds by the node of a statement, where the node alone tells. */
const KINDS: Readonly<Record<string, string>> = {
  InsertStmt: "INSERT",
  UpdateStmt: "UPDATE",
  DeleteStmt: "DELETE",
  MergeStmt: "MERGE",
  TruncateStmt: "TRUNCATE",
  CopyStmt: "COPY",
  CallStmt: "CALL",
  DoStmt: "DO",
  VariableSetStmt: "SET",
  ConstraintsSetStmt: "SET",
  VariableShowStmt: "SHOW",
  ExplainStmt: "EXPLAIN",
  TransactionStmt: "TRANSACTION",
  PrepareStmt: "PREPARE",
  ExecuteStmt: "EXECUTE",
  DeallocateStmt: "DEALLOCATE",
  DeclareCursorStmt: "DECLARE",
  FetchStmt: "FETCH",
  ClosePortalStmt: "CLOSE",
  ListenStmt: "LISTEN",
  UnlistenStmt: "UNLISTEN",
  NotifyStmt: "NOTIFY",
  LockStmt: "LOCK",
  LoadStmt: "LOAD",
  DiscardStmt: "DISCARD",
  ClusterStmt: "CLUSTER",
  ReindexStmt: "REINDEX",
  RefreshMatViewStmt: "REFRESH",
  CheckPointStmt: "CHECKPOINT",
  CommentStmt: "COMMENT",
  RenameStmt: "ALTER",
  SecLabelStmt: "ALTER",
  ReassignOwnedStmt: "ALTER",
  IndexStmt: "CREATE",
  ViewStmt: "CREATE",
  RuleStmt: "CREATE",
  DefineStmt: "CREATE",
  CompositeTypeStmt: "CREATE",
  ImportForeignSchemaStmt: "CREATE",
};

/** What a statement does, in one word. `SELECT ... INTO` makes a table, so it is a `CREATE`. */
export function kindOf(type: string, node: SqlNode): string {
  switch (type) {
    case "SelectStmt":
      return hasInto(node) ? "CREATE" : "SELECT";
    case "GrantStmt":
    case "GrantRoleStmt":
      return node.is_grant === true ? "GRANT" : "REVOKE";
    case "VacuumStmt":
      return node.is_vacuumcmd === true ? "VACUUM" : "ANALYZE";
  }
  if (Object.hasOwn(KINDS, type)) return KINDS[type]!;
  return /^(Create|Alter|Drop)/.exec(type)?.[1]?.toUpperCase() ?? "OTHER";
}

/** In a set operation it is the first branch that has the `INTO`. */
function hasInto(node: SqlNode): boolean {
  let at: SqlNode | undefined = node;
  while (at !== undefined && at.intoClause === undefined) at = at.larg as SqlNode | undefined;
  return at !== undefined;
}

/** Kinds that by themselves change nothing and reach nothing; what is inside of them is another matter. */
export const HARMLESS_KINDS: ReadonlySet<string> = new Set(["SELECT", "EXPLAIN", "SHOW", "COPY"]);

/** Statements that a `WITH`, `EXPLAIN` or `PREPARE` can hold and that change rows. */
export const CHANGING_TYPES: ReadonlySet<string> = new Set(["InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"]);
