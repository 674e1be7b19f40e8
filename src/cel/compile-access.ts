import type { HasNode, IdentNode, IndexNode, Node, SelectNode } from "./ast.ts";
import { type Chain, type Compiled, type Context, constant, type Scope } from "./compiled.ts";
import { presentFact } from "./facts.ts";
import { flagFacts, guarded, selectFound } from "./findings.ts";
import type { EvalFrame } from "./frame.ts";
import { index, isJsonMap, mapGet, payForKey } from "./operations.ts";
import {
  CelMap,
  INDEX_OUT_OF_RANGE,
  isCelError,
  LIMIT_EXCEEDED,
  NO_SUCH_KEY,
  NO_SUCH_OVERLOAD,
  noSuchKey,
} from "./values.ts";

export function findLocal(name: string, scope: Scope | undefined): Scope | undefined {
  let at = scope;
  while (at !== undefined && at.name !== name) at = at.outer;
  return at;
}

/** The chain that a node is, if it is one below a name that is no local variable. */
function chainOf(node: Node, context: Context): Chain | undefined {
  const keys: string[] = [];
  let at = node;
  for (;;) {
    if (at.kind === "select") {
      keys.push(at.field);
      at = at.operand;
    } else if (at.kind === "index" && context.environment.foldsIndex && isText(at.index)) {
      keys.push(at.index.value);
      at = at.operand;
    } else if (at.kind === "call" && context.environment.foldsIndex && isArgumentCall(at)) {
      // `action_arg(map, "key")` is the selection of the key in other words.
      keys.push((at.args[1] as { value: string }).value);
      at = at.args[0]!;
    } else {
      break;
    }
  }
  if (at.kind !== "ident" || (!at.isRoot && findLocal(at.name, context.scope) !== undefined)) return undefined;
  return { root: at.name, isRoot: at.isRoot, keys: keys.reverse() };
}

function isText(node: Node): node is Extract<Node, { kind: "literal" }> & { value: string } {
  return node.kind === "literal" && typeof node.value === "string";
}

function isArgumentCall(node: Node): boolean {
  return (
    node.kind === "call" &&
    node.name === "action_arg" &&
    node.target === undefined &&
    node.args.length === 2 &&
    isText(node.args[1]!)
  );
}

/** A node that may be a chain; undefined when it has to be compiled from its parts. */
export function compileChain(node: Node, context: Context, isProbe = false): Compiled | undefined {
  const chain = chainOf(node, context);
  if (chain === undefined) return undefined;
  const { compiled, used } = context.environment.resolve(chain, isProbe);
  return chain.keys.slice(used).reduce(select, compiled);
}

/** `operand.key` */
function select(operand: Compiled, key: string): Compiled {
  const missing = noSuchKey(key);
  const run = (frame: EvalFrame): unknown => {
    const value = operand.run(frame);
    if (!isJsonMap(value) && !(value instanceof CelMap)) return isCelError(value) ? value : NO_SUCH_OVERLOAD;
    const member = mapGet(value, key);
    return member === undefined ? missing : member;
  };
  const { found, isLight, weight } = operand;
  const compiled = { run, isLight, weight: weight + 1, facts: flagFacts(found, key) };
  return guarded(found === undefined ? compiled : { ...compiled, found: selectFound(found, key) });
}

export function compileIdent(node: IdentNode, context: Context): Compiled {
  const local = node.isRoot ? undefined : findLocal(node.name, context.scope);
  if (local === undefined) return compileChain(node, context)!;
  const { local: at, found } = local;
  return { run: (frame) => frame.locals[at], isLight: true, weight: 1, facts: [], found };
}

export function compileSelect(node: SelectNode, context: Context): Compiled {
  return compileChain(node, context) ?? select(context.compile(node.operand), node.field);
}

export function compileIndex(node: IndexNode, context: Context): Compiled {
  const chain = context.environment.foldsIndex ? compileChain(node, context) : undefined;
  if (chain !== undefined) return chain;
  const operand = context.compile(node.operand);
  const key = context.compile(node.index);
  const missing = isText(node.index) ? noSuchKey(node.index.value) : NO_SUCH_KEY;
  const run = (frame: EvalFrame): unknown => {
    const value = operand.run(frame);
    if (isCelError(value)) return value;
    const at = key.run(frame);
    if (isCelError(at)) return at;
    return payForKey(frame, at) ? index(value, at, missing, INDEX_OUT_OF_RANGE) : LIMIT_EXCEEDED;
  };
  return {
    run,
    isLight: operand.isLight && key.constant !== undefined,
    weight: operand.weight + key.weight + 1,
    facts: [],
  };
}

export function compileHas(node: HasNode, context: Context): Compiled {
  const { field } = node;
  const selected = compileChain({ ...node, kind: "select" }, context);
  const operand = compileChain(node.operand, context, true) ?? context.compile(node.operand);
  const slow = (frame: EvalFrame): unknown => {
    const value = operand.run(frame);
    if (isJsonMap(value)) return Object.hasOwn(value, field) && value[field] !== undefined;
    if (value instanceof CelMap) return value.has(field);
    return isCelError(value) ? value : NO_SUCH_OVERLOAD;
  };
  const traits = { isLight: operand.isLight, weight: operand.weight + 1 };
  if (operand.constant !== undefined) {
    const value = operand.constant.value;
    if (value instanceof CelMap) return constant(value.has(field));
  }
  if (selected?.slot === undefined) return { run: slow, ...traits, facts: [] };
  const { run: read, slot } = selected;
  const fact = presentFact(slot, context.environment.keysOf(slot));
  // Reading the slot settles the common case once for all expressions that ask.
  const run = (frame: EvalFrame): unknown => (isCelError(read(frame)) ? slow(frame) : true);
  return { run, ...traits, facts: fact === undefined ? [] : [fact] };
}
