export { createRedactor } from "./redactor.ts";
export type { Redaction, Redactor, RedactorOptions } from "./types.ts";
