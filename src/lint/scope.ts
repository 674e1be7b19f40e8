import type { Node } from "../cel/ast.ts";
import { aliasOf, isInput } from "../cel/environment.ts";
import { formatPath } from "../cel/paths.ts";

/** Local variables and what is known of each, innermost first. */
export interface Scope<T> {
  readonly name: string;
  readonly value: T;
  readonly outer: Scope<T> | undefined;
}

export function lookUp<T>(name: string, scope: Scope<T> | undefined): Scope<T> | undefined {
  let at = scope;
  while (at !== undefined && at.name !== name) at = at.outer;
  return at;
}

/** Declares variables from left to right. */
export function declare<T>(names: readonly string[], values: readonly T[], outer: Scope<T> | undefined) {
  return names.reduce<Scope<T> | undefined>((scope, name, at) => ({ name, value: values[at]!, outer: scope }), outer);
}

/** A part of the request that an expression reads. */
export interface InputPath {
  readonly keys: readonly [string, ...string[]];
  /** As people write it. */
  readonly text: string;
  /** What a flat name gives when there is nothing at the path; undefined where that is an error. */
  readonly absent: string | number | undefined;
}

/** The path that a node reads, when it does nothing else: names, constant keys and `action_arg` below an input. */
export function inputPathOf(node: Node, scope: Scope<unknown> | undefined): InputPath | undefined {
  const keys: string[] = [];
  let at = node;
  for (;;) {
    if (at.kind === "select") {
      keys.unshift(at.field);
      at = at.operand;
    } else if (at.kind === "index" && isText(at.index)) {
      keys.unshift(at.index.value);
      at = at.operand;
    } else if (at.kind === "call" && isArgumentCall(at)) {
      keys.unshift((at.args[1] as { value: string }).value);
      at = at.args[0]!;
    } else break;
  }
  if (at.kind !== "ident") return undefined;
  if (!at.isRoot && lookUp(at.name, scope) !== undefined) return undefined;
  const alias = at.isRoot ? undefined : aliasOf(at.name);
  if (alias === undefined ? !isInput(at.name) : alias.absent !== undefined && keys.length > 0) return undefined;
  const path: [string, ...string[]] = [...(alias?.path ?? [at.name]), ...keys] as [string, ...string[]];
  const text = alias === undefined ? formatPath(path) : formatPath([at.name, ...keys]);
  return { keys: path, text, absent: alias?.absent };
}

export function isText(node: Node): node is Extract<Node, { kind: "literal" }> & { readonly value: string } {
  return node.kind === "literal" && typeof node.value === "string";
}

function isArgumentCall(node: Extract<Node, { kind: "call" }>): boolean {
  return node.name === "action_arg" && node.target === undefined && node.args.length === 2 && isText(node.args[1]!);
}
