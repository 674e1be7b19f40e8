import type { Node } from "../cel/ast.ts";
import { childrenOf } from "../cel/tree.ts";
import type { Scope } from "./scope.ts";
import { type Shape, scopeOf, shapeOf } from "./shapes.ts";

export interface Visited {
  readonly node: Node;
  /** The local variables that the node can see. */
  readonly scope: Scope<Shape | undefined> | undefined;
  readonly parent: Node | undefined;
}

/** Every node of a tree, operands before what they are operands of, in the order in which they are written. */
export function* walk(
  node: Node,
  scope?: Scope<Shape | undefined>,
  parent?: Node,
): Generator<Visited, void, undefined> {
  if (node.kind === "comprehension") {
    yield* walk(node.range, scope, node);
    const inner = scopeOf(node, scope);
    if (node.filter !== undefined) yield* walk(node.filter, inner, node);
    yield* walk(node.body, inner, node);
  } else if (node.kind === "bind") {
    yield* walk(node.value, scope, node);
    yield* walk(node.body, { name: node.variable, value: shapeOf(node.value, scope), outer: scope }, node);
  } else {
    for (const child of childrenOf(node)) yield* walk(child, scope, node);
  }
  yield { node, scope, parent };
}
