export { KeywordIndex } from "./keyword-index.ts";
export { createRedactor } from "./redactor.ts";
export type { Finding, Redaction, Redactor, RedactorOptions, SecretSearch } from "./types.ts";
