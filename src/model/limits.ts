/** Bounds on what a request may hold. Exceeding one is a 400 (413 for the body) that names the field. */
export const LIMITS = {
  bodyBytesMax: 256 * 1024,
  /** Nesting of the whole body; the body itself is depth 1. */
  depthMax: 64,
  batchItemsMax: 100,
  rolesMax: 64,
  /** Rule errors in an answer and its record: one request must not fill the log with the same message. */
  errorsMax: 20,
} as const;

/** Bounds on a dry run and on a replay of rules that somebody sends. */
export const CHECK_LIMITS = {
  /** 4 MiB: some ten thousand rules, or as many cases. */
  bodyBytesMax: 4 * 1024 * 1024,
  /** Of rules, and of fixtures. */
  filesMax: 1000,
  pathCharactersMax: 256,
  casesMax: 10_000,
  /** Problems of files in an answer: who has more has one. */
  diagnosticsMax: 100,
  /** Of each transition and group of a replay. */
  examplesMax: 20,
  dryRunMs: 30_000,
  /** Tens of millions of records from PostgreSQL. */
  replayMs: 600_000,
  /** What the rules may take to be compiled and run; ten thousand with as many cases take less than half of it. */
  heapMegabytesMax: 256,
} as const;
