import type { Activation } from "../model/activation.ts";
import type { Place } from "./facts.ts";
import type { EvalFrame } from "./frame.ts";
import { isJsonMap } from "./operations.ts";
import { CelMap, isCelError, NO_SUCH_KEY, NO_SUCH_OVERLOAD, noSuchKey } from "./values.ts";

type Resolve = (frame: EvalFrame) => unknown;

interface Derivation {
  readonly name: string;
  readonly from: number;
  readonly compute: (value: unknown) => unknown;
}

interface PathEntry {
  readonly path: string;
  readonly keys: readonly [string, ...string[]];
  /** What an absent path stands for; undefined for the error. */
  readonly absent: string | number | undefined;
  /** Set on a slot that holds something computed from another slot's value. */
  readonly derived: Derivation | undefined;
  readonly resolve: Resolve;
}

/** A path as people write it: `arguments.amount`, and `arguments["content-type"]` where a key is no name. */
export function formatPath(keys: readonly string[]): string {
  let path = keys[0]!;
  for (const key of keys.slice(1))
    path += /^[A-Za-z_][A-Za-z0-9_]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
  return path;
}

/** Hands out slots for input paths: one per path for all expressions, so that a frame resolves each path once. */
export class PathTable {
  readonly #entries: PathEntry[] = [];
  readonly #slots = new Map<string, number>();

  /** The slot of a path, with a default for when it is absent where one is given. */
  slot(keys: readonly [string, ...string[]], absent?: string | number): number {
    const path = formatPath(keys);
    const id = absent === undefined ? path : `${path} ?? ${JSON.stringify(absent)}`;
    return (
      this.#slots.get(id) ?? this.#add(id, { path, keys, absent, derived: undefined, resolve: resolver(keys, absent) })
    );
  }

  /** The slot of a value computed from that of another slot, once per decision. Errors are passed on. */
  derivedSlot(name: string, from: number, compute: (value: unknown) => unknown): number {
    const { path, keys, absent } = this.#entries[from]!;
    const id = `${name}(${absent === undefined ? path : `${path} ?? ${JSON.stringify(absent)}`})`;
    const resolve: Resolve = (frame) => {
      const value = frame.read(from);
      return isCelError(value) ? value : compute(value);
    };
    const derived = { name, from, compute };
    return (
      this.#slots.get(id) ?? this.#add(id, { path: `${name}(${path})`, keys, absent: undefined, derived, resolve })
    );
  }

  /** The slot of something computed once per decision, by an id of its own. */
  computedSlot(id: string, resolve: Resolve): number {
    return (
      this.#slots.get(id) ?? this.#add(id, { path: id, keys: [id], absent: undefined, derived: undefined, resolve })
    );
  }

  #add(id: string, entry: PathEntry): number {
    this.#slots.set(id, this.#entries.length);
    return this.#entries.push(entry) - 1;
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

  resolve(slot: number, frame: EvalFrame): unknown {
    return this.#entries[slot]!.resolve(frame);
  }
}

/** One reader an input, so that each reads its property from one place in the code, which is what makes that fast. */
const READERS: Readonly<Record<string, (activation: Activation, frame: EvalFrame) => unknown>> = {
  action_type: (activation) => activation.action_type,
  action_name: (activation) => activation.action_name,
  arguments: (activation) => activation.arguments,
  destination: (activation) => activation.destination,
  identity: (activation) => activation.identity,
  session: (activation) => activation.session,
  context: (activation) => activation.context,
  // The only inputs whose plain data is not what rules see.
  request: (activation, frame) => ({ id: activation.request.id, time: frame.now() }),
  now: (_activation, frame) => frame.now(),
};

/** Walks the activation. Inputs are used as they are, never copied. */
function resolver(keys: readonly [string, ...string[]], absent: string | number | undefined): Resolve {
  const read = READERS[keys[0]]!;
  let resolve: Resolve = (frame) => {
    const value = frame.activation === undefined ? undefined : read(frame.activation, frame);
    return value === undefined ? NO_SUCH_KEY : value;
  };
  for (const key of keys.slice(1)) resolve = member(resolve, key, absent ?? noSuchKey(key));
  return resolve;
}

function member(outer: Resolve, key: string, missing: unknown): Resolve {
  return (frame) => {
    const map = outer(frame);
    if (isJsonMap(map)) {
      // SECURITY: own keys only, so a request cannot make `constructor` or `toString` resolve.
      if (!Object.hasOwn(map, key)) return missing;
      const value = map[key];
      return value === undefined ? missing : value;
    }
    if (map instanceof CelMap) return map.has(key) ? map.get(key) : missing;
    return isCelError(map) ? map : NO_SUCH_OVERLOAD;
  };
}
