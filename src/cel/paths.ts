import type { Place } from "./facts.ts";
import type { EvalFrame } from "./frame.ts";
import { isJsonMap } from "./operations.ts";
import { type CelError, CelMap, isCelError, NO_SUCH_KEY, NO_SUCH_OVERLOAD, noSuchKey } from "./values.ts";

interface Derivation {
  readonly name: string;
  readonly from: number;
  readonly compute: (value: unknown) => unknown;
}

interface PathEntry {
  readonly path: string;
  readonly keys: readonly [string, ...string[]];
  /** The error for each key that may be missing. */
  readonly missing: readonly CelError[];
  /** What an absent path stands for; undefined for the error. */
  readonly absent: string | number | undefined;
  /** Set on a slot that holds something computed from another slot's value. */
  readonly derived: Derivation | undefined;
}

/** A path as people write it: `arguments.amount`, and `arguments["content-type"]` where a key is no name. */
export function formatPath(keys: readonly string[]): string {
  return keys
    .map((key, at) => (at === 0 ? key : /^[A-Za-z_][A-Za-z0-9_]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`))
    .join("");
}

/** Hands out slots for input paths: one per path for all expressions, so that a frame resolves each path once. */
export class PathTable {
  readonly #entries: PathEntry[] = [];
  readonly #slots = new Map<string, number>();

  /** The slot of a path, with a default for when it is absent where one is given. */
  slot(keys: readonly [string, ...string[]], absent?: string | number): number {
    const path = formatPath(keys);
    const id = absent === undefined ? path : `${path} ?? ${JSON.stringify(absent)}`;
    return this.#add(id, { path, keys, missing: keys.map(noSuchKey), absent, derived: undefined });
  }

  /** The slot of a value computed from that of another slot, once per decision. Errors are passed on. */
  derivedSlot(name: string, from: number, compute: (value: unknown) => unknown): number {
    const { path, keys, absent } = this.#entries[from]!;
    const id = `${name}(${absent === undefined ? path : `${path} ?? ${JSON.stringify(absent)}`})`;
    return this.#add(id, {
      path: `${name}(${path})`,
      keys,
      missing: [],
      absent: undefined,
      derived: { name, from, compute },
    });
  }

  /** What a condition on the slot is about. Aliases look at the plain path and know what stands in for it. */
  place(slot: number): Place {
    const { keys, absent, derived } = this.#entries[slot]!;
    if (derived !== undefined) {
      const from = this.place(derived.from);
      const base = from.absentValue === undefined ? slot : this.#plainDerived(slot);
      return { slot: base, baseSlot: from.baseSlot, keys, absentValue: from.absentValue };
    }
    const plain = absent === undefined ? slot : this.slot(keys);
    return { slot: plain, baseSlot: plain, keys, absentValue: absent };
  }

  /** The same derivation from the path without its default. */
  #plainDerived(slot: number): number {
    const { keys, derived } = this.#entries[slot]!;
    return this.derivedSlot(derived!.name, this.slot(keys), derived!.compute);
  }

  path(slot: number): string {
    return this.#entries[slot]!.path;
  }

  keys(slot: number): readonly [string, ...string[]] {
    return this.#entries[slot]!.keys;
  }

  #add(id: string, entry: PathEntry): number {
    const known = this.#slots.get(id);
    if (known !== undefined) return known;
    this.#slots.set(id, this.#entries.length);
    return this.#entries.push(entry) - 1;
  }

  /** Walks the activation. Inputs are used as they are, never copied. */
  resolve(slot: number, frame: EvalFrame): unknown {
    const { keys, missing, absent, derived } = this.#entries[slot]!;
    if (derived !== undefined) {
      const value = frame.read(derived.from);
      return isCelError(value) ? value : derived.compute(value);
    }
    let value = this.#input(keys[0], frame);
    for (let at = 1; at < keys.length; at++) {
      const key = keys[at]!;
      if (isJsonMap(value)) {
        // SECURITY: own keys only, so a request cannot make `constructor` or `toString` resolve.
        value = Object.hasOwn(value, key) ? value[key] : undefined;
        if (value === undefined) return absent ?? missing[at];
      } else if (value instanceof CelMap) {
        value = value.get(key);
        if (value === undefined) return absent ?? missing[at];
      } else {
        return NO_SUCH_OVERLOAD;
      }
    }
    return value;
  }

  #input(name: string, frame: EvalFrame): unknown {
    const { activation } = frame;
    if (activation === undefined) return NO_SUCH_KEY;
    if (name === "now") return frame.now();
    // The only input whose plain data is not what rules see.
    if (name === "request") return { id: activation.request.id, time: frame.now() };
    return activation[name as "arguments"] ?? NO_SUCH_KEY;
  }
}
