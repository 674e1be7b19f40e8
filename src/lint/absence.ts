import type { BinaryNode, ComprehensionNode, LogicNode, Node } from "../cel/ast.ts";
import { numberOf } from "../cel/facts.ts";
import { childrenOf } from "../cel/tree.ts";
import { declare, inputPathOf, isText, lookUp, type Scope } from "./scope.ts";

/** What a part of a condition may come out as, as a set of bits. A value that is no boolean counts as both of them. */
export const TRUE = 1;
export const FALSE = 2;
export const ERROR = 4;
const ANY = TRUE | FALSE;

/** What is known of a value while a path is absent. */
interface Outcome {
  readonly bits: number;
  /** Set when the value itself is known. */
  readonly constant?: string | number | boolean;
}

/** A request that has no value at a path, while everything else is there and of the right type. */
export interface World {
  /** Keys of the path; everything above it is there. */
  readonly absent: readonly string[];
  /** Which reads of the path are looked at: the others are taken to succeed. */
  isRead(node: Node): boolean;
}

type Locals = Scope<Outcome> | undefined;

const UNKNOWN: Outcome = { bits: ANY };
const FAILED: Outcome = { bits: ERROR };

/** What a condition may come out as in a world: more than it does, where its parts depend on one another; never less. */
export function outcomesOf(condition: Node, world: World): number {
  return new Absence(world).outcome(condition, undefined).bits;
}

function known(value: string | number | boolean): Outcome {
  return { bits: value === true ? TRUE : value === false ? FALSE : ANY, constant: value };
}

/** Whether one path is the other or lies above it. */
export function isAtOrAbove(path: readonly string[], other: readonly string[]): boolean {
  return path.length <= other.length && path.every((key, at) => key === other[at]);
}

class Absence {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  outcome(node: Node, locals: Locals): Outcome {
    const path = inputPathOf(node, locals);
    if (path !== undefined) return this.#read(node, path.keys, path.absent);
    switch (node.kind) {
      case "literal":
        return constantOf(node.value);
      case "ident":
        return lookUp(node.name, locals)?.value ?? UNKNOWN;
      case "has":
        return this.#presence(inputPathOf(node.operand, locals)?.keys, node.field) ?? this.#strict(node, locals);
      case "not":
        return negated(this.outcome(node.operand, locals));
      case "and":
      case "or":
        return this.#logic(node, locals);
      case "conditional":
        return this.#conditional(node, locals);
      case "binary":
        return this.#binary(node, locals);
      case "call":
        return this.#call(node, locals);
      case "comprehension":
        return this.#comprehension(node, locals);
      case "bind": {
        const value = this.outcome(node.value, locals);
        if (value.bits === ERROR) return FAILED;
        const body = this.outcome(node.body, declare([node.variable], [withoutError(value)], locals));
        return { bits: body.bits | (value.bits & ERROR) };
      }
      default:
        return this.#strict(node, locals);
    }
  }

  #read(node: Node, keys: readonly string[], absent: string | number | undefined): Outcome {
    if (!isAtOrAbove(this.#world.absent, keys)) return UNKNOWN;
    if (absent !== undefined) return known(absent);
    return this.#world.isRead(node) ? FAILED : UNKNOWN;
  }

  /** Whether a map has a key; undefined when the map is no path. */
  #presence(map: readonly string[] | undefined, key: string): Outcome | undefined {
    if (map === undefined) return undefined;
    const { absent } = this.#world;
    const keys = [...map, key];
    if (isAtOrAbove(absent, map)) return undefined;
    if (isAtOrAbove(absent, keys)) return known(false);
    return isAtOrAbove(keys, absent) ? known(true) : UNKNOWN;
  }

  /** An operation that fails when an operand does, and whose value is not known otherwise. */
  #strict(node: Node, locals: Locals): Outcome {
    return strictOf(childrenOf(node).map((child) => this.outcome(child, locals)));
  }

  /** `false && error` is false, `true || error` is true, on either side. */
  #logic({ kind, terms }: LogicNode, locals: Locals): Outcome {
    const [deciding, other] = kind === "and" ? [FALSE, TRUE] : [TRUE, FALSE];
    const outcomes = terms.map((term) => this.outcome(term, locals).bits);
    let bits = 0;
    if (outcomes.some((bit) => bit & deciding)) bits |= deciding;
    if (outcomes.every((bit) => bit & other)) bits |= other;
    if (outcomes.some((bit) => bit & ERROR) && outcomes.every((bit) => bit & (other | ERROR))) bits |= ERROR;
    return { bits };
  }

  #conditional(node: Extract<Node, { kind: "conditional" }>, locals: Locals): Outcome {
    const test = this.outcome(node.test, locals).bits;
    const arms = [...(test & TRUE ? [node.whenTrue] : []), ...(test & FALSE ? [node.whenFalse] : [])];
    const outcomes = arms.map((arm) => this.outcome(arm, locals));
    if (test === TRUE || test === FALSE) return outcomes[0]!;
    return { bits: outcomes.reduce((bits, outcome) => bits | outcome.bits, test & ERROR) };
  }

  #binary(node: BinaryNode, locals: Locals): Outcome {
    if (node.operator === "in" && isText(node.left)) {
      const presence = this.#presence(inputPathOf(node.right, locals)?.keys, node.left.value);
      if (presence !== undefined) return presence;
    }
    const [left, right] = [this.outcome(node.left, locals), this.outcome(node.right, locals)];
    if (left.constant !== undefined) {
      const members = node.right.kind === "list" ? node.right.elements.map((item) => this.outcome(item, locals)) : [];
      if (node.operator === "in" && members.length > 0 && members.every((member) => member.constant !== undefined))
        return known(members.some((member) => member.constant === left.constant));
      if (right.constant !== undefined) return compared(node.operator, left.constant, right.constant);
    }
    return strictOf([left, right]);
  }

  /** Tests of a text that is known, such as that of a flat name where there is nothing at its path. */
  #call(node: Extract<Node, { kind: "call" }>, locals: Locals): Outcome {
    const operands = childrenOf(node).map((child) => this.outcome(child, locals));
    const [text, part] = operands.map(({ constant }) => constant);
    if (typeof text === "string") {
      if (node.name === "size" && operands.length === 1) return known([...text].length);
      if (node.name === "dest_ip_in_cidr" && text === "") return this.#world.isRead(node.args[0]!) ? FAILED : UNKNOWN;
      if (node.target !== undefined && typeof part === "string") {
        if (node.name === "startsWith") return known(text.startsWith(part));
        if (node.name === "endsWith") return known(text.endsWith(part));
        if (node.name === "contains") return known(text.includes(part));
      }
    }
    return strictOf(operands);
  }

  #comprehension(node: ComprehensionNode, locals: Locals): Outcome {
    const range = this.outcome(node.range, locals).bits;
    if (range === ERROR) return FAILED;
    const inner = declare(
      node.variables,
      node.variables.map(() => UNKNOWN),
      locals,
    );
    const filter = node.filter === undefined ? TRUE : this.outcome(node.filter, inner).bits;
    const body = this.outcome(node.body, inner).bits;
    const failure = (range | filter | (filter & TRUE ? body : 0)) & ERROR;
    // Over nothing `exists` is false and `all` is true.
    if (node.macro === "exists") return { bits: FALSE | (body & TRUE) | failure };
    if (node.macro === "all") return { bits: TRUE | (body & FALSE) | failure };
    return { bits: ANY | failure };
  }
}

function constantOf(value: unknown): Outcome {
  if (typeof value === "string" || typeof value === "boolean") return known(value);
  const number = numberOf(value);
  return number === undefined ? UNKNOWN : known(number);
}

function negated({ bits }: Outcome): Outcome {
  const turned = (bits & TRUE ? FALSE : 0) | (bits & FALSE ? TRUE : 0);
  return { bits: turned | (bits & ERROR) };
}

function withoutError({ bits, constant }: Outcome): Outcome {
  return constant === undefined ? { bits: bits & ANY } : { bits: bits & ANY, constant };
}

function strictOf(operands: readonly Outcome[]): Outcome {
  const failure = operands.some(({ bits }) => bits & ERROR) ? ERROR : 0;
  return { bits: failure | (operands.every(({ bits }) => bits & ANY) ? ANY : 0) };
}

function compared(operator: string, a: string | number | boolean, b: string | number | boolean): Outcome {
  if (operator === "==") return known(a === b);
  if (operator === "!=") return known(a !== b);
  if (typeof a !== "number" || typeof b !== "number") return UNKNOWN;
  if (operator === "<") return known(a < b);
  if (operator === "<=") return known(a <= b);
  if (operator === ">") return known(a > b);
  return operator === ">=" ? known(a >= b) : UNKNOWN;
}
