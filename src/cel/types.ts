import type { Activation } from "../model/activation.ts";

/**
 * A CEL value as the evaluator holds it.
 * - null, bool, string, bytes (`Uint8Array`): as in JavaScript
 * - int: `bigint`; uint: `CelUint`; double: `number` (so every JSON number is a double, as in the CEL JSON mapping)
 * - list: array; map: a plain object taken from JSON (own keys only) or a `CelMap` made by an expression
 * - timestamp, duration, type, optional: classes of `cel/values.ts`
 */
export type CelValue = unknown;

/** An evaluation error as a value. Preallocated where possible: it is never thrown. */
export interface CelErrorValue {
  readonly isCelError: true;
  readonly message: string;
}

/** A fault in an expression, found before it ever runs. Offsets count UTF-16 units from 0; line and column from 1. */
export interface CelDiagnostic {
  readonly message: string;
  readonly offset: number;
  readonly line: number;
  readonly column: number;
}

/**
 * A condition on one input path without which the whole expression can be neither true nor an error, so a rule may be
 * skipped when it does not hold. Taken from the terms of the top-level `&&`.
 *
 * INVARIANT: when the path resolves to a value and the test below is false, the expression evaluates to `false`, whatever
 * its other terms do. When the path does not resolve (or, for prefix, suffix and contains, resolves to a value of
 * another type) the expression is `false` if `absent` is "false", and anything may happen if it is "unknown".
 */
export type NecessaryCondition = {
  /** Slot of the path in the shared `PathTable`. */
  readonly slot: number;
  readonly path: string;
  readonly absent: "false" | "unknown";
} & (
  | { readonly op: "equals"; readonly values: readonly (string | number | boolean)[] } // any of
  | { readonly op: "prefix"; readonly values: readonly string[] }
  | { readonly op: "suffix"; readonly values: readonly string[] }
  | { readonly op: "contains"; readonly values: readonly string[] } // the list at the path holds any of these
);

export type BranchOutcome = "true" | "false" | "taken";

/**
 * A part of an expression that can go more than one way: the whole condition, a term of `&&` or `||`, the test of a
 * ternary and what it chooses from, and what a macro such as `exists` asks of each element.
 */
export interface Branch {
  readonly role: "condition" | "term" | "test" | "arm" | "predicate";
  /** Where it begins in the source, in UTF-16 units; parentheses around it are left out. */
  readonly offset: number;
  /** The part as CEL, on one line. */
  readonly text: string;
  /** `taken` for what is no boolean: it has a value or is never reached. */
  readonly outcomes: readonly BranchOutcome[];
  /** The branch that it is a part of; undefined for the whole condition. */
  readonly parent: Branch | undefined;
}

/** Hears of every outcome while expressions are evaluated. Errors are no outcome; what is not evaluated has none. */
export type BranchObserver = (branch: Branch, outcome: BranchOutcome) => void;

/** A compiled expression. Immutable and shared; evaluation state lives in the `Frame`. */
export interface CompiledExpression {
  readonly source: string;
  /** Never throws, never loops without bound: an error, exhausted fuel included, is a `CelErrorValue`. */
  evaluate(frame: Frame): CelValue | CelErrorValue;
  readonly necessary: readonly NecessaryCondition[];
  /** Input paths the expression reads, dotted, sorted; aliases already resolved (`dest_domain` is `destination.domain`). */
  readonly paths: readonly string[];
  /** True when the outcome may differ for an equal request at another time: it reads `now`, `request` or `session`. */
  readonly isVolatile: boolean;
  /** Set when the value is the same for every input. */
  readonly constant?: boolean;
  /** By offset; only from a compiler with an observer. Constant ones are left out. */
  readonly branches?: readonly Branch[];
}

export type CompileResult =
  | { readonly ok: true; readonly expression: CompiledExpression }
  | { readonly ok: false; readonly diagnostics: readonly CelDiagnostic[] };

/**
 * Scratch space of one decision: the activation and the values of all paths, each resolved at most once. Reused between
 * decisions; `reset` takes time independent of the number of slots.
 */
export interface Frame {
  reset(activation: Activation): void;
  /** The value at a path's slot, or a `CelErrorValue` when it is absent. Timestamps are CEL timestamps. */
  read(slot: number): CelValue | CelErrorValue;
}

/** Compiles conditions for one service process. Equal sources compile once; slots are shared by all expressions. */
export interface CelCompiler {
  /** A condition: its static type must be bool or dyn. */
  compileCondition(source: string): CompileResult;
  /** The slot of a dotted input path such as `action_name`, handed out on first use. */
  slotOf(path: string): number;
  /** A frame that knows all slots handed out so far, and grows with later ones. */
  createFrame(): Frame;
  /** Forgets every cached expression that was not asked for since the last call; called once per rule set load. */
  sweep(): void;
}
