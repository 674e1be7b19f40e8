import type { Node } from "../cel/ast.ts";
import { childrenOf, withChildren } from "../cel/tree.ts";

/** The tree with something else in the place of a local variable. */
export function substitute(node: Node, name: string, replacement: Node): Node {
  if (node.kind === "ident") return node.name === name && !node.isRoot ? replacement : node;
  const isBound = bindsAgain(node, name);
  // The first child, a range or a value, is outside of what the node binds.
  const children = childrenOf(node).map((child, at) =>
    isBound && at > 0 ? child : substitute(child, name, replacement),
  );
  return withChildren(node, children);
}

function bindsAgain(node: Node, name: string): boolean {
  if (node.kind === "comprehension") return node.variables.includes(name);
  return node.kind === "bind" && node.variable === name;
}

/** A place among the inputs that stands for a local variable, so that what is said of it can be evaluated alone. */
export function standIn(name: string): Node {
  const context: Node = { kind: "ident", name: "context", isRoot: true, offset: 0, depth: 1 };
  const key: Node = { kind: "literal", value: standInKey(name), offset: 0, depth: 1 };
  return { kind: "index", operand: context, index: key, offset: 0, depth: 2 };
}

export const standInKey = (name: string) => `$${name}`;
