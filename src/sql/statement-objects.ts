import { addressOf, qualifiedName } from "./names.ts";
import type { SqlNode } from "./parser.ts";

/** Objects by the node of a statement, where its name does not tell. */
const OBJECTS: Readonly<Record<string, string>> = {
  CreateStmt: "TABLE",
  ViewStmt: "VIEW",
  IndexStmt: "INDEX",
  RuleStmt: "RULE",
  CompositeTypeStmt: "TYPE",
  CreateEnumStmt: "TYPE",
  AlterEnumStmt: "TYPE",
  CreateRangeStmt: "TYPE",
  CreateSeqStmt: "SEQUENCE",
  AlterSeqStmt: "SEQUENCE",
  CreateTrigStmt: "TRIGGER",
  CreateEventTrigStmt: "EVENT TRIGGER",
  AlterEventTrigStmt: "EVENT TRIGGER",
  CreatePLangStmt: "LANGUAGE",
  CreatedbStmt: "DATABASE",
  DropdbStmt: "DATABASE",
  CreateFdwStmt: "FOREIGN DATA WRAPPER",
  AlterFdwStmt: "FOREIGN DATA WRAPPER",
  ImportForeignSchemaStmt: "FOREIGN SCHEMA",
  ReassignOwnedStmt: "OWNED",
  GrantRoleStmt: "ROLE",
  AlterRoleSetStmt: "ROLE",
  AlterDatabaseSetStmt: "DATABASE",
};

/** Fields in which a statement says what it is about: `OBJECT_FOREIGN_TABLE`. */
const OBJECT_FIELDS = ["objtype", "removeType", "renameType", "objectType"] as const;

/** What a statement creates, alters, drops or grants; `ROLE` for `SET ROLE`, too. Empty where a statement is about rows. */
export function objectOf(type: string, node: SqlNode): string {
  if (Object.hasOwn(OBJECTS, type)) return OBJECTS[type]!;
  if (type === "VariableSetStmt") return /^(?:role|session_authorization)$/.test(String(node.name)) ? "ROLE" : "";
  const said = type === "DefineStmt" ? node.kind : node[OBJECT_FIELDS.find((field) => field in node) ?? ""];
  if (typeof said === "string")
    return said
      .replace(/^OBJECT_/, "")
      .replace("MATVIEW", "MATERIALIZED VIEW")
      .replaceAll("_", " ");
  const named = /^(?:Create|Alter|Drop)(\w+?)Stmt$/.exec(type)?.[1];
  return named === undefined ? "" : named.replace(/(?<=[a-z])(?=[A-Z])/g, " ").toUpperCase();
}

const RELATIONS: ReadonlySet<string> = new Set([
  ...["OBJECT_TABLE", "OBJECT_VIEW", "OBJECT_MATVIEW", "OBJECT_FOREIGN_TABLE", "OBJECT_SEQUENCE", "OBJECT_INDEX"],
]);
/** Objects that belong to a table, whose name is before theirs. */
const OF_TABLES: ReadonlySet<string> = new Set(["OBJECT_TRIGGER", "OBJECT_RULE", "OBJECT_POLICY"]);

/** Tables, or what is like one, that a `DROP` removes or that something of theirs is removed from. */
export function droppedTables({ objects, removeType }: SqlNode): string[] {
  const addresses = (objects as readonly SqlNode[]).map(addressOf);
  if (RELATIONS.has(String(removeType))) return addresses.map(qualifiedName);
  return OF_TABLES.has(String(removeType)) ? addresses.map((parts) => qualifiedName(parts.slice(0, -1))) : [];
}
