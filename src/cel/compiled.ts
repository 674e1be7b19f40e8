import type { Node } from "./ast.ts";
import type { Fact, Place } from "./facts.ts";
import type { Found } from "./findings.ts";
import type { EvalFrame } from "./frame.ts";
import type { FunctionTable } from "./functions.ts";
import type { ArithmeticTable } from "./operations.ts";
import { isCelError } from "./values.ts";

/** Evaluates one node: a value or an error value; never throws. */
export type Run = (frame: EvalFrame) => unknown;

/** What compiling a node gives. */
export interface Compiled {
  readonly run: Run;
  /** Set when the value is known; never an error. */
  readonly constant?: { readonly value: unknown };
  /** INVARIANT: a light node never spends fuel, so it cannot be what ends an evaluation. */
  readonly isLight: boolean;
  /** Cost of one evaluation in fuel units, what the node itself spends excepted. */
  readonly weight: number;
  /** What must hold for the node not to be `false`. */
  readonly facts: readonly Fact[];
  /** The slot that the node reads, when it does nothing else. */
  readonly slot?: number;
  /** Set on what a parser made of a text, and on parts of that. */
  readonly found?: Found | undefined;
}

/** A local variable by name, and where the frame keeps its value. */
export interface Scope {
  readonly name: string;
  readonly local: number;
  readonly outer: Scope | undefined;
  readonly found?: Found | undefined;
}

/** A chain of field selections below a name: `root.a.b`. */
export interface Chain {
  readonly root: string;
  readonly isRoot: boolean;
  readonly keys: readonly string[];
}

/** Where names lead. */
export interface Environment {
  readonly functions: FunctionTable;
  readonly arithmetic: ArithmeticTable;
  /** Compiles a chain whose root is no local variable; `used` is how many of its keys are resolved by it. A probe is not counted as a read. */
  resolve(chain: Chain, isProbe?: boolean): { readonly compiled: Compiled; readonly used: number };
  /** A slot for something computed from the value at another slot, where the environment has slots. */
  derive(name: string, slot: number, compute: (value: unknown) => unknown): Compiled | undefined;
  /** A slot for what is found in a parsed text, where the environment has slots. @param run parses it, reading inputs only */
  findings(id: string, run: Run): number | undefined;
  /** What a slot is about, for facts. */
  placeOf(slot: number): Place;
  /** The keys of a slot's path. */
  keysOf(slot: number): readonly string[];
  /** Whether constant strings used as an index continue a chain, as in `arguments["a"]`. */
  readonly foldsIndex: boolean;
  /** Reports a fault of a constant argument; false leaves it to be a runtime error. */
  fault(offset: number, message: string): boolean;
  /** Gets hold of every node once it is compiled. Undefined on the hot path, whose code is not touched then. */
  readonly probe?: ((node: Node, compiled: Compiled) => Compiled) | undefined;
}

export interface Context {
  readonly environment: Environment;
  readonly scope: Scope | undefined;
  compile(node: Node, scope?: Scope): Compiled;
  /** How many membership tests on lists of unknown length still go unpaid: see `facts.ts`. */
  freeMemberships: number;
}

export function constant(value: unknown): Compiled {
  return { run: () => value, constant: { value }, isLight: true, weight: 0, facts: [] };
}

export function isConstant(compiled: Compiled, value: unknown): boolean {
  return compiled.constant !== undefined && compiled.constant.value === value;
}

/** A node whose operands are all constant is evaluated now, unless that is an error or takes more than a little. */
export function foldConstant(compiled: Compiled, operands: readonly Compiled[], scratch: EvalFrame): Compiled {
  if (!operands.every((operand) => operand.constant !== undefined)) return compiled;
  scratch.fuel = FOLDING_FUEL;
  const value = compiled.run(scratch);
  return scratch.fuel < 0 || isCelError(value) ? compiled : constant(value);
}

const FOLDING_FUEL = 2_000;
