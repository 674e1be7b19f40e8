import type { Node } from "./ast.ts";

/** The operands of a node, in the order in which they are written. */
export function childrenOf(node: Node): readonly Node[] {
  switch (node.kind) {
    case "select":
    case "has":
    case "not":
    case "negate":
      return [node.operand];
    case "index":
      return [node.operand, node.index];
    case "call":
      return node.target === undefined ? node.args : [node.target, ...node.args];
    case "binary":
      return [node.left, node.right];
    case "and":
    case "or":
      return node.terms;
    case "conditional":
      return [node.test, node.whenTrue, node.whenFalse];
    case "list":
      return node.elements;
    case "map":
      return node.keys.flatMap((key, at) => [key, node.values[at]!]);
    case "comprehension":
      return node.filter === undefined ? [node.range, node.body] : [node.range, node.filter, node.body];
    case "bind":
      return [node.value, node.body];
    default:
      return [];
  }
}

/** The same node over other operands. @param children as many as `childrenOf` gives, in its order */
export function withChildren<T extends Node>(node: T, children: readonly Node[]): T;
export function withChildren(node: Node, children: readonly Node[]): Node {
  const [first, second, third] = children as [Node, Node, Node];
  switch (node.kind) {
    case "select":
    case "has":
    case "not":
    case "negate":
      return { ...node, operand: first };
    case "index":
      return { ...node, operand: first, index: second };
    case "call":
      return node.target === undefined
        ? { ...node, args: children }
        : { ...node, target: first, args: children.slice(1) };
    case "binary":
      return { ...node, left: first, right: second };
    case "and":
    case "or":
      return { ...node, terms: children };
    case "conditional":
      return { ...node, test: first, whenTrue: second, whenFalse: third };
    case "list":
      return { ...node, elements: children };
    case "map":
      return {
        ...node,
        keys: children.filter((_, at) => at % 2 === 0),
        values: children.filter((_, at) => at % 2 === 1),
      };
    case "comprehension":
      return node.filter === undefined
        ? { ...node, range: first, body: second }
        : { ...node, range: first, filter: second, body: third };
    case "bind":
      return { ...node, value: first, body: second };
    default:
      return node;
  }
}

/** Offset of the first character that belongs to a node, parentheses around it left out. */
export function startOf(node: Node): number {
  // A chain of 8 KiB is no deeper than the parser's bound.
  return childrenOf(node).reduce((start, child) => Math.min(start, startOf(child)), node.offset);
}
