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
