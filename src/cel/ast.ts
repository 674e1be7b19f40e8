import type { CelUint } from "./values.ts";

interface NodeBase {
  /** Where a diagnostic about the node points: its name or operator, in UTF-16 units. */
  readonly offset: number;
  /** Height of the tree below and including the node; bounded by the parser, so recursion over the tree is safe. */
  readonly depth: number;
}

export type LiteralValue = null | boolean | string | Uint8Array | bigint | CelUint | number;

export interface LiteralNode extends NodeBase {
  readonly kind: "literal";
  readonly value: LiteralValue;
}
export interface IdentNode extends NodeBase {
  readonly kind: "ident";
  readonly name: string;
  /** Written with a leading dot: resolved outside all containers and local variables. */
  readonly isRoot: boolean;
}
export interface SelectNode extends NodeBase {
  readonly kind: "select";
  readonly operand: Node;
  readonly field: string;
}
/** `has(operand.field)` */
export interface HasNode extends NodeBase {
  readonly kind: "has";
  readonly operand: Node;
  readonly field: string;
}
export interface IndexNode extends NodeBase {
  readonly kind: "index";
  readonly operand: Node;
  readonly index: Node;
}
export interface CallNode extends NodeBase {
  readonly kind: "call";
  readonly name: string;
  readonly target: Node | undefined;
  readonly args: readonly Node[];
}
export interface UnaryNode extends NodeBase {
  readonly kind: "not" | "negate";
  readonly operand: Node;
}
export type BinaryOperator = "+" | "-" | "*" | "/" | "%" | "==" | "!=" | "<" | "<=" | ">" | ">=" | "in";
export interface BinaryNode extends NodeBase {
  readonly kind: "binary";
  readonly operator: BinaryOperator;
  readonly left: Node;
  readonly right: Node;
}
/** A chain of `&&` or `||`: flat, so that a long one is not a deep one. */
export interface LogicNode extends NodeBase {
  readonly kind: "and" | "or";
  readonly terms: readonly Node[];
}
export interface ConditionalNode extends NodeBase {
  readonly kind: "conditional";
  readonly test: Node;
  readonly whenTrue: Node;
  readonly whenFalse: Node;
}
export interface ListNode extends NodeBase {
  readonly kind: "list";
  readonly elements: readonly Node[];
}
export interface MapNode extends NodeBase {
  readonly kind: "map";
  readonly keys: readonly Node[];
  readonly values: readonly Node[];
}
/** `Name{field: value}`: parsed, never supported. */
export interface MessageNode extends NodeBase {
  readonly kind: "message";
  readonly name: string;
}
export type MacroName = "all" | "exists" | "exists_one" | "map" | "filter" | "transformList" | "transformMap";
export interface ComprehensionNode extends NodeBase {
  readonly kind: "comprehension";
  readonly macro: MacroName;
  readonly range: Node;
  /** One variable: element of a list or key of a map. Two: index or key, and value. */
  readonly variables: readonly string[];
  readonly filter: Node | undefined;
  readonly body: Node;
}
/** `cel.bind(variable, value, body)` */
export interface BindNode extends NodeBase {
  readonly kind: "bind";
  readonly variable: string;
  readonly value: Node;
  readonly body: Node;
}

export type Node =
  | LiteralNode
  | IdentNode
  | SelectNode
  | HasNode
  | IndexNode
  | CallNode
  | UnaryNode
  | BinaryNode
  | LogicNode
  | ConditionalNode
  | ListNode
  | MapNode
  | MessageNode
  | ComprehensionNode
  | BindNode;
