import type { Activation } from "../model/activation.ts";

/** What stands in for a part of a text, and so in a key that was changed itself. */
const MARKER_START = "[redacted:";

/** Tells whether anything was read that is not what the rules saw. */
export interface Guard {
  /** Since the last `forget`. */
  readonly hasRead: boolean;
  forget(): void;
}

/**
 * Puts a trap at each place of an activation that was redacted.
 *
 * INVARIANT: a decision during which no trap was read is the one that the activation without redaction gives: evaluation
 * is deterministic, so up to the first read of something that differs it does the same. That holds for the index as for
 * the conditions, for walks over whole maps and for parts that nobody knows when the rules are written.
 *
 * @param activation made of the record for this purpose: it is changed
 * @param pointers JSON pointers within the record
 * @returns undefined when all of it could differ
 */
export function guardRedacted(activation: Activation, pointers: readonly string[]): Guard | undefined {
  const places = pointers.map(placeOf);
  if (places.includes(undefined)) return undefined;
  const guard = {
    hasRead: false,
    forget() {
      this.hasRead = false;
    },
  };
  for (const place of places) if (place!.length > 0) trap(activation, place!, guard);
  guard.forget();
  return guard;
}

/** Members of a record, and of its request, that no rule sees. */
const UNSEEN: ReadonlySet<string | undefined> = new Set(["decision", "ruled", "approval", "client_request_id"]);
const UNSEEN_OF_REQUEST: ReadonlySet<string | undefined> = new Set(["identity", "approval_id", "explain"]);
const INPUTS: ReadonlySet<string | undefined> = new Set(["action_type", "action_name", "arguments", "context"]);
/** The other parts of a destination come from these. */
const DESTINATION_SOURCES: ReadonlySet<string | undefined> = new Set([undefined, "url", "domain", "ip"]);

/** Where in an activation the value is: keys from its root on; empty when no rule sees it; undefined when it could be anywhere. */
function placeOf(pointer: string): readonly string[] | undefined {
  const [root, ...keys] = pointer.split("/").slice(1).map(unescapePointer);
  if (root === "identity") return withKnownKeys([root, ...keys]);
  if (root !== "request") return UNSEEN.has(root) ? [] : undefined;
  const [field, part] = keys;
  if (UNSEEN_OF_REQUEST.has(field)) return [];
  if (INPUTS.has(field)) return withKnownKeys(keys);
  if (field === "session_id") return ["session"];
  if (field !== "destination") return undefined;
  return DESTINATION_SOURCES.has(part) ? [field] : withKnownKeys(keys);
}

/** RFC 6901 section 4. */
const unescapePointer = (step: string) => step.replaceAll("~1", "/").replaceAll("~0", "~");

/** Of what has a key that was changed nobody knows which keys it had. */
function withKnownKeys(keys: readonly string[]): readonly string[] {
  const changed = keys.findIndex((key) => key.includes(MARKER_START));
  return changed < 0 ? keys : keys.slice(0, changed);
}

type Holder = Record<string, unknown>;

/** At the place, or at what is nearest above it. */
function trap(activation: Activation, [first, ...keys]: readonly string[], guard: { hasRead: boolean }): void {
  let holder = activation as unknown as Holder;
  let at = first!;
  for (const key of keys) {
    const value = holder[at];
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) break;
    holder = value as Holder;
    at = key;
  }
  const value = holder[at];
  const get = () => {
    guard.hasRead = true;
    return value;
  };
  Object.defineProperty(holder, at, { get, enumerable: true, configurable: true });
}
