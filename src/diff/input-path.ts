import type { Node } from "../cel/ast.ts";
import { aliasOf, isInput } from "../cel/environment.ts";
import { childrenOf } from "../cel/tree.ts";

/** Keys from an input on; a number is a place in a list. Aliases are resolved. */
export type InputPath = readonly (string | number)[];

export const pathKey = (path: InputPath): string => JSON.stringify(path);

/** Every input path that a tree reads, the longest that can be told from its text. */
export function pathsIn(node: Node): InputPath[] {
  const found = new Map<string, InputPath>();
  collect(node, found);
  return [...found.values()];
}

function collect(node: Node, found: Map<string, InputPath>): void {
  const path = pathOf(node);
  if (path !== undefined) found.set(pathKey(path), path);
  else for (const child of childrenOf(node)) collect(child, found);
}

/** The path that a node is, if it is nothing else. */
export function pathOf(node: Node): InputPath | undefined {
  switch (node.kind) {
    case "ident":
      return isInput(node.name) ? [node.name] : aliasOf(node.name)?.path;
    case "select":
    case "has":
      return extended(node.operand, node.field);
    case "index":
      return node.index.kind === "literal" ? extended(node.operand, stepOf(node.index.value)) : undefined;
    case "call":
      return node.name === "action_arg" && node.args[1]?.kind === "literal"
        ? extended(node.args[0]!, stepOf(node.args[1].value))
        : undefined;
    default:
      return undefined;
  }
}

function extended(operand: Node, step: string | number | undefined): InputPath | undefined {
  const path = step === undefined ? undefined : pathOf(operand);
  return path && [...path, step!];
}

function stepOf(value: unknown): string | number | undefined {
  if (typeof value === "string") return value;
  return typeof value === "bigint" && value >= 0n && value < PLACES_MAX ? Number(value) : undefined;
}

/** Longer lists are not made to reach a place in them. */
const PLACES_MAX = 16n;
