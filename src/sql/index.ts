export { analyzeSql } from "./analyze-sql.ts";
export { SQL_LIMITS } from "./check-text.ts";
export { isSqlParserLoaded, loadSqlParser } from "./parser.ts";
export { isSqlDialect, SQL_DIALECTS, type SqlDialect, type SqlScript, type SqlStatement } from "./types.ts";
