/** A node of PostgreSQL's raw parse tree in the JSON of libpg_query: `{ "SelectStmt": { ... } }`, or its inside alone. */
export type SqlNode = { readonly [field: string]: unknown };

/** What the parser makes of a text. */
export type ParsedSql =
  | { readonly ok: true; readonly statements: readonly SqlNode[] }
  | { readonly ok: false; readonly error: string };

type Library = Pick<typeof import("libpg-query"), "parseSync" | "SqlError">;

let library: Library | undefined;
let loading: Promise<void> | undefined;

/** Gets PostgreSQL's own parser ready (WebAssembly, 1.7 MB); once for the process, however often it is called. */
export function loadSqlParser(): Promise<void> {
  loading ??= load().catch((error: unknown) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

async function load(): Promise<void> {
  const loaded = await import("libpg-query");
  await loaded.loadModule();
  library = loaded;
}

export function isSqlParserLoaded(): boolean {
  return library !== undefined;
}

export const NOT_SQL = "not SQL that PostgreSQL parses";

const FAILED = { ok: false, error: "the SQL parser failed and is not used again" } as const;
let hasFailed = false;

/**
 * @param text within the bounds of `textFault`; the parser stops at NUL, and recurses over what it has parsed
 * @throws TypeError before `loadSqlParser`
 */
export function parseSql(text: string): ParsedSql {
  if (library === undefined) throw new TypeError("the SQL parser is not loaded");
  if (hasFailed) return FAILED;
  // The library takes an empty text for a mistake of its caller.
  if (text === "") return { ok: true, statements: [] };
  try {
    const { stmts = [] } = library.parseSync(text);
    return { ok: true, statements: stmts.map(({ stmt }) => stmt as SqlNode) };
  } catch (error) {
    if (isRefusal(error, library)) return { ok: false, error: NOT_SQL };
    // SECURITY: a trap leaves the parser's stack and memory as they happened to be. What it says from then on is nothing to
    // allow anything by.
    hasFailed = true;
    return FAILED;
  }
}

/** What the library throws on a text that is no SQL: its own error, a plain one, or that of reading its answer. */
function isRefusal(error: unknown, { SqlError }: Library): boolean {
  if (error instanceof SqlError || error instanceof SyntaxError) return true;
  return error instanceof Error && error.constructor === Error;
}
