import { textFault } from "./check-text.ts";
import { finishStatement, type ScriptDraft } from "./collect.ts";
import { dialectFault } from "./dialect.ts";
import { sqlTokens } from "./lexer.ts";
import { NOT_SQL, parseSql } from "./parser.ts";
import { readStatement } from "./read-statement.ts";
import type { SqlDialect, SqlScript, SqlStatement } from "./types.ts";

/**
 * What a text of SQL says, as PostgreSQL's own parser reads it. What is not understood, or not surely in the given dialect, is
 * `ok` false with the reason; nothing of it is read-only. Needs `loadSqlParser` before; never throws after that.
 */
export function analyzeSql(text: string, dialect: SqlDialect = "postgresql"): SqlScript {
  const fault = textFault(text) ?? dialectFault(text, dialect);
  if (fault !== undefined) return refused(fault);
  const parsed = parseSql(text);
  if (!parsed.ok) return refused(parsed.error);
  const script: ScriptDraft = {
    statements: [],
    columns: new Set(),
    hasUnion: false,
    hasConstantCondition: false,
    literals: 0,
    isExtended: false,
  };
  for (const statement of parsed.statements) readStatement(script, statement);
  if (script.isExtended) return refused(NOT_SQL);
  const statements = script.statements.map(finishStatement);
  const count = parsed.statements.length;
  return {
    ok: true,
    error: "",
    statement_count: count,
    kinds: distinct(statements.map(({ kind }) => kind)),
    statements,
    reads: all(statements, "reads"),
    writes: all(statements, "writes"),
    functions: all(statements, "functions"),
    columns: [...script.columns],
    is_read_only: count > 0 && statements.every((statement) => statement.is_read_only),
    has_comment: hasComment(text),
    has_constant_condition: script.hasConstantCondition,
    has_union: script.hasUnion,
    has_stacked: count > 1,
    literals_count: script.literals,
  };
}

function refused(error: string): SqlScript {
  return {
    ok: false,
    error,
    statement_count: 0,
    kinds: [],
    statements: [],
    reads: [],
    writes: [],
    functions: [],
    columns: [],
    is_read_only: false,
    has_comment: false,
    has_constant_condition: false,
    has_union: false,
    has_stacked: false,
    literals_count: 0,
  };
}

/** In a text that was parsed. */
function hasComment(text: string): boolean {
  if (!text.includes("--") && !text.includes("/*")) return false;
  for (const { kind } of sqlTokens(text)) if (kind === "comment") return true;
  return false;
}

function all(statements: readonly SqlStatement[], of: "reads" | "writes" | "functions"): readonly string[] {
  return statements.length === 1 ? statements[0]![of] : distinct(statements.flatMap((statement) => statement[of]));
}

function distinct(names: readonly string[]): readonly string[] {
  return names.length < 2 ? names : [...new Set(names)];
}
