import type { EvalFrame } from "./frame.ts";
import type { StaticType } from "./static-types.ts";

/** One accepted list of argument types (the receiver of a method is the first), and what comes out. */
export interface Overload {
  readonly parameters: readonly StaticType[];
  readonly result: StaticType;
}

/** Arguments are values, never errors. Answers a value or an error value; must not throw. */
export type Implementation = (frame: EvalFrame, ...args: readonly never[]) => unknown;

/** What constant arguments make of a call: a fault found at load, or a faster implementation of the same function. */
export type Prepared = { readonly fault: string } | { readonly run: Implementation } | undefined;

/**
 * A function of expressions. This table is the place to add one: its signatures are what the checker knows, its
 * implementation gets arguments of any type and answers `NO_SUCH_OVERLOAD` for those it does not take.
 */
export interface FunctionSpec {
  readonly name: string;
  /** Called as `x.name(...)` rather than `name(x, ...)`. */
  readonly isMethod: boolean;
  readonly overloads: readonly Overload[];
  readonly run: Implementation;
  /** @param constants the arguments whose value is known, undefined for the others */
  readonly prepare?: (constants: readonly ({ readonly value: unknown } | undefined)[]) => Prepared;
}

/** Shorthand for the tables: parameters, then the result. */
export function overload(...types: readonly [...StaticType[], StaticType]): Overload {
  return { parameters: types.slice(0, -1), result: types.at(-1)! };
}

export class FunctionTable {
  readonly #globals = new Map<string, FunctionSpec>();
  readonly #methods = new Map<string, FunctionSpec>();

  constructor(...groups: readonly (readonly FunctionSpec[])[]) {
    for (const spec of groups.flat()) (spec.isMethod ? this.#methods : this.#globals).set(spec.name, spec);
  }

  global(name: string): FunctionSpec | undefined {
    return this.#globals.get(name);
  }

  method(name: string): FunctionSpec | undefined {
    return this.#methods.get(name);
  }

  names(): string[] {
    return [...new Set([...this.#globals.keys(), ...this.#methods.keys()])];
  }
}
