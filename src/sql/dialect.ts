import { sqlTokens } from "./lexer.ts";
import type { SqlDialect } from "./types.ts";

/**
 * Why a text that PostgreSQL parses is not taken for what it says in another dialect; undefined when both surely read the
 * same. SECURITY: only PostgreSQL is parsed, so wherever another database could read the text otherwise, it is not understood.
 */
export function dialectFault(text: string, dialect: SqlDialect): string | undefined {
  if (dialect === "postgresql") return undefined;
  const found = OTHERWISE.find(({ pattern }) => pattern.test(text));
  if (found !== undefined) return `${found.what} in ${dialect}`;
  return dialect === "tsql" ? stackedFault(text) : undefined;
}

/** Looked for anywhere, in texts and comments too: there the dialects differ in where those end. */
const OTHERWISE: readonly { readonly pattern: RegExp; readonly what: string }[] = [
  { pattern: /\\/, what: "a backslash may escape" },
  { pattern: /"/, what: "double quotes may hold a text" },
  { pattern: /#/, what: "`#` may begin a comment" },
  { pattern: /--(?![ \t\r\n]|$)/, what: "`--` without a space is no comment" },
  { pattern: /\/\*[!+M]/, what: "a comment may be executed" },
  { pattern: /\/\*(?:(?!\*\/)[\s\S])*\/\*/, what: "comments may not nest" },
  { pattern: /\$(?!\d)/, what: "dollars quote nothing" },
  { pattern: /[`[\]{}]/, what: "brackets and backticks mean something else" },
  { pattern: /(?:^|[^A-Za-z0-9_])(?:[ebnx]|u&|_\w+)'/i, what: "a prefixed text means something else" },
  { pattern: /'\s*[\r\n]\s*'/, what: "texts on two lines may not be joined" },
  { pattern: /@|:=|\|\|/, what: "an operator means something else" },
  { pattern: /[^\S \t\r\n]|[^\x20-\x7e\t\r\n]/, what: "characters beyond ASCII may be space or quotes" },
];

/** Words that begin a statement of T-SQL, which needs no semicolon before it. */
const BEGINNINGS: ReadonlySet<string> = new Set([
  ...["alter", "backup", "begin", "break", "bulk", "checkpoint", "close", "commit", "continue", "create", "dbcc"],
  ...["deallocate", "declare", "delete", "deny", "disable", "drop", "enable", "exec", "execute", "fetch", "go", "goto"],
  ...[
    "grant",
    "if",
    "insert",
    "kill",
    "load",
    "merge",
    "move",
    "open",
    "print",
    "raiserror",
    "readtext",
    "reconfigure",
  ],
  ...["restore", "return", "revert", "revoke", "rollback", "save", "send", "set", "setuser", "shutdown", "throw"],
  ...["truncate", "update", "updatetext", "use", "waitfor", "while", "writetext"],
]);

/** To PostgreSQL, `SELECT 1 shutdown` names a column; to SQL Server it is two statements. */
function stackedFault(sql: string): string | undefined {
  let previous = ";";
  let mayNameSet = false;
  for (const { kind, text } of sqlTokens(sql)) {
    if (kind === "comment") continue;
    const word = text.toLowerCase();
    if (previous === ";") mayNameSet = word === "update";
    else if (word === "set" && mayNameSet) mayNameSet = false;
    else if (BEGINNINGS.has(word)) return "a statement may begin in the middle in tsql";
    previous = word;
  }
  return undefined;
}
