import type { ListNode, MapNode, Node } from "./ast.ts";
import { compileHas, compileIdent, compileIndex, compileSelect } from "./compile-access.ts";
import { compileCall } from "./compile-calls.ts";
import { compileBind, compileComprehension } from "./compile-comprehension.ts";
import { compileConditional, compileLogic, compileNot } from "./compile-logic.ts";
import { compileBinary, compileNegate } from "./compile-operators.ts";
import { type Compiled, type Context, constant, type Environment, foldConstant, type Scope } from "./compiled.ts";
import { EvalFrame } from "./frame.ts";
import { payForKey } from "./operations.ts";
import { CelError, CelMap, isCelError, LIMIT_EXCEEDED } from "./values.ts";

const DUPLICATE_KEY = new CelError("duplicate map key");
const UNSUPPORTED_KEY = new CelError("unsupported map key type");
const NO_MESSAGES = new CelError("message construction is not supported");

/** Membership tests on lists that a request can make long, which go unpaid so that the index may rely on them. */
const FREE_MEMBERSHIPS = 8;

/** Compiles a tree to closures. The tree's depth is bounded by the parser. */
export function compile(root: Node, environment: Environment): Compiled {
  return new Compilation(environment, undefined).compile(root);
}

/** What constants are folded with; never holds a binding. */
const scratch = new EvalFrame();

class Compilation implements Context {
  readonly environment: Environment;
  readonly scope: Scope | undefined;
  freeMemberships: number;

  constructor(environment: Environment, scope: Scope | undefined, freeMemberships = FREE_MEMBERSHIPS) {
    this.environment = environment;
    this.scope = scope;
    this.freeMemberships = freeMemberships;
  }

  compile(node: Node, scope: Scope | undefined = this.scope): Compiled {
    // Inside a comprehension nothing is a term of the whole expression, so nothing there goes unpaid.
    const context = scope === this.scope ? this : new Compilation(this.environment, scope, 0);
    const compiled = compileNode(node, context);
    return this.environment.probe?.(node, compiled) ?? compiled;
  }
}

function compileNode(node: Node, context: Context): Compiled {
  switch (node.kind) {
    case "literal":
      return constant(node.value);
    case "ident":
      return compileIdent(node, context);
    case "select":
      return compileSelect(node, context);
    case "index":
      return compileIndex(node, context);
    case "has":
      return compileHas(node, context);
    case "call":
      return compileCall(node, context, scratch);
    case "not":
      return compileNot(context.compile(node.operand));
    case "negate":
      return compileNegate(context.compile(node.operand), scratch);
    case "binary":
      return compileBinary(node, context, scratch);
    case "and":
    case "or":
      return compileLogic(node, context);
    case "conditional":
      return compileConditional(node, context);
    case "list":
      return compileList(node, context);
    case "map":
      return compileMap(node, context);
    case "comprehension":
      return compileComprehension(node, context);
    case "bind":
      return compileBind(node, context);
    case "message":
      return { run: () => NO_MESSAGES, isLight: true, weight: 1, facts: [] };
  }
}

function compileList(node: ListNode, context: Context): Compiled {
  const elements = node.elements.map((element) => context.compile(element));
  const runs = elements.map((element) => element.run);
  const run = (frame: EvalFrame): unknown => {
    const list = new Array<unknown>(runs.length);
    for (let at = 0; at < runs.length; at++) {
      const value = runs[at]!(frame);
      if (isCelError(value)) return value;
      list[at] = value;
    }
    return list;
  };
  return foldConstant({ run, ...traits(elements, 3) }, elements, scratch);
}

function compileMap(node: MapNode, context: Context): Compiled {
  const keys = node.keys.map((key) => context.compile(key));
  const values = node.values.map((value) => context.compile(value));
  const keyRuns = keys.map((key) => key.run);
  const valueRuns = values.map((value) => value.run);
  const run = (frame: EvalFrame): unknown => {
    const map = new CelMap();
    for (let at = 0; at < keyRuns.length; at++) {
      const key = keyRuns[at]!(frame);
      if (isCelError(key)) return key;
      const value = valueRuns[at]!(frame);
      if (isCelError(value)) return value;
      if (!payForKey(frame, key)) return LIMIT_EXCEEDED;
      if (!map.add(key, value)) return map.has(key) ? DUPLICATE_KEY : UNSUPPORTED_KEY;
    }
    return map;
  };
  const all = [...keys, ...values];
  const shared = traits(all, 10 + 5 * keys.length);
  const isLight = shared.isLight && keys.every((key) => key.constant !== undefined);
  return foldConstant({ run, ...shared, isLight }, all, scratch);
}

function traits(parts: readonly Compiled[], ownWeight: number): Pick<Compiled, "isLight" | "weight" | "facts"> {
  return {
    isLight: parts.every((part) => part.isLight),
    weight: parts.reduce((sum, part) => sum + part.weight, ownWeight),
    facts: [],
  };
}
