/**
 * SECURITY: the log is read by more people than the audit log or the database, so credentials are taken out of every
 * line: fields by their name, and what looks like a credential in any text, error messages of drivers included.
 */
const REDACTED = "[redacted]";

const SECRET_NAME =
  /^(?:(?:proxy[-_]?)?authorization|(?:set[-_]?)?cookie|key|(?:x[-_])?api[-_]?key|private[-_]?key|database[-_]?url|redis[-_]?url|.*(?:secret|password|passwd|token|credential).*)$/i;

const SECRET_TEXTS: readonly (readonly [RegExp, string])[] = [
  // Our own keys. Only the visible prefix is shorter than this.
  [/\bvdt_[A-Za-z0-9_-]{20,}/g, REDACTED],
  [/\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]+/gi, `$1 ${REDACTED}`],
  // The user information of a URL: greedy, so that an unescaped `@` in a password is covered.
  [/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/"\\]*@/gi, `$1${REDACTED}@`],
];

/** Log lines are small; what is nested deeper or longer than this is cut rather than searched. */
const DEPTH_MAX = 8;
const ITEMS_MAX = 200;

/** A copy with every secret field replaced, at any depth. Errors become plain objects through `describeError`. */
export function redactFields(
  fields: Record<string, unknown>,
  describeError: (error: Error) => object,
): Record<string, unknown> {
  const redact = (value: unknown, depth: number): unknown => {
    if (typeof value !== "object" || value === null) return value;
    if (depth > DEPTH_MAX) return "[too deep]";
    if (Array.isArray(value)) return value.slice(0, ITEMS_MAX).map((item) => redact(item, depth + 1));
    if (value instanceof Error) return redactObject(describeError(value), depth);
    return isPlain(value) ? redactObject(value, depth) : value;
  };
  const redactObject = (object: object, depth: number): Record<string, unknown> =>
    Object.fromEntries(
      Object.entries(object)
        .slice(0, ITEMS_MAX)
        .map(([name, value]) => [name, SECRET_NAME.test(name) ? REDACTED : redact(value, depth + 1)]),
    );
  return redactObject(fields, 0);
}

/** Replaces credentials in a finished line of JSON, which stays valid JSON. */
export function redactLine(line: string): string {
  return SECRET_TEXTS.reduce((text, [pattern, replacement]) => text.replace(pattern, replacement), line);
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
