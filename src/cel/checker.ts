import type {
  BinaryNode,
  BindNode,
  CallNode,
  ComprehensionNode,
  HasNode,
  IdentNode,
  IndexNode,
  Node,
  SelectNode,
} from "./ast.ts";
import { resolveCall } from "./compile-calls.ts";
import { quoted, suggestion } from "./diagnostics.ts";
import { ALIASES, aliasOf, fieldType, INPUTS, isInput, TYPE_NAMES, typeAtPath, typeOfLiteral } from "./environment.ts";
import type { FunctionSpec, FunctionTable } from "./functions.ts";
import {
  BOOL,
  commonType,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  isAssignable,
  isComparable,
  isMapType,
  isNumericType,
  listOf,
  STRING,
  type StaticType,
  TIMESTAMP,
  TYPE,
  typeName,
} from "./static-types.ts";

export interface Fault {
  readonly offset: number;
  readonly message: string;
}

/** Locals of comprehensions, innermost first. */
interface Locals {
  readonly name: string;
  readonly type: StaticType;
  readonly outer: Locals | undefined;
}

/** Every fault of a condition that shows before it runs; empty when there is none. */
export function check(root: Node, functions: FunctionTable): Fault[] {
  const checker = new Checker(functions);
  const type = checker.type(root, undefined);
  if (type.kind !== "bool" && type.kind !== "dyn" && checker.faults.length === 0) {
    checker.report(root.offset, `a condition must be a bool, this is ${typeName(type)}`);
  }
  return checker.faults;
}

class Checker {
  readonly faults: Fault[] = [];
  readonly #functions: FunctionTable;

  constructor(functions: FunctionTable) {
    this.#functions = functions;
  }

  report(offset: number, message: string): StaticType {
    this.faults.push({ offset, message });
    return DYN;
  }

  type(node: Node, locals: Locals | undefined): StaticType {
    switch (node.kind) {
      case "literal":
        return typeOfLiteral(node.value);
      case "ident":
        return this.#ident(node, locals);
      case "select":
        return this.#select(node, this.type(node.operand, locals), node.field);
      case "has":
        return this.#has(node, locals);
      case "index":
        return this.#index(node, locals);
      case "call":
        return this.#call(node, locals);
      case "not":
        return this.#mustBeBool(node.operand, "!", locals);
      case "negate":
        return this.#negate(node.offset, this.type(node.operand, locals));
      case "binary":
        return this.#binary(node, locals);
      case "and":
      case "or":
        for (const term of node.terms) this.#mustBeBool(term, node.kind === "and" ? "&&" : "||", locals);
        return BOOL;
      case "conditional":
        this.#mustBeBool(node.test, "?", locals);
        return commonType(this.type(node.whenTrue, locals), this.type(node.whenFalse, locals));
      case "list":
        return listOf(this.#common(node.elements.map((element) => this.type(element, locals))));
      case "map":
        for (const key of node.keys) this.#mapKey(key, locals);
        return { kind: "map", value: this.#common(node.values.map((value) => this.type(value, locals))) };
      case "comprehension":
        return this.#comprehension(node, locals);
      case "bind":
        return this.#bind(node, locals);
      case "message":
        return this.report(node.offset, `message construction is not supported: ${quoted(node.name)}`);
    }
  }

  #common(types: readonly StaticType[]): StaticType {
    return types.length === 0 ? DYN : types.reduce(commonType);
  }

  #ident(node: IdentNode, locals: Locals | undefined): StaticType {
    const { name, offset } = node;
    if (!node.isRoot) {
      for (let at = locals; at !== undefined; at = at.outer) if (at.name === name) return at.type;
    }
    if (isInput(name)) return INPUTS[name]!;
    const alias = node.isRoot ? undefined : aliasOf(name);
    if (alias !== undefined) return typeAtPath(alias.path) ?? DYN;
    if (TYPE_NAMES.has(name)) return TYPE;
    const known = [...Object.keys(INPUTS), ...Object.keys(ALIASES)];
    return this.report(offset, `undeclared variable ${quoted(name)}${suggestion(name, known)}`);
  }

  #select(node: { readonly offset: number }, operand: StaticType, field: string): StaticType {
    if (!isMapType(operand)) {
      if (operand.kind === "dyn") return DYN;
      return this.report(node.offset, `${typeName(operand)} has no fields, so no ${quoted(field)}`);
    }
    const type = fieldType(operand, field);
    if (type !== undefined || operand.kind !== "object") return type ?? DYN;
    const hint = suggestion(field, Object.keys(operand.fields));
    return this.report(node.offset, `${quoted(operand.name)} has no field ${quoted(field)}${hint}`);
  }

  #has(node: HasNode, locals: Locals | undefined): StaticType {
    this.#select({ ...node } satisfies Pick<SelectNode, "offset">, this.type(node.operand, locals), node.field);
    return BOOL;
  }

  #index(node: IndexNode, locals: Locals | undefined): StaticType {
    const operand = this.type(node.operand, locals);
    const key = this.type(node.index, locals);
    if (operand.kind === "dyn") return DYN;
    if (operand.kind === "list") {
      if (key.kind === "dyn" || isNumericType(key)) return operand.element;
      return this.report(node.offset, `a list is indexed by a number, not by ${typeName(key)}`);
    }
    if (!isMapType(operand)) return this.report(node.offset, `${typeName(operand)} cannot be indexed`);
    if (node.index.kind === "literal" && typeof node.index.value === "string") {
      return this.#select(node.index, operand, node.index.value);
    }
    return operand.kind === "map" ? operand.value : DYN;
  }

  #mustBeBool(node: Node, operator: string, locals: Locals | undefined): StaticType {
    const type = this.type(node, locals);
    if (type.kind !== "bool" && type.kind !== "dyn") {
      this.report(node.offset, `${quoted(operator)} takes bool, not ${typeName(type)}`);
    }
    return BOOL;
  }

  #mapKey(node: Node, locals: Locals | undefined): void {
    const type = this.type(node, locals);
    if (!["dyn", "string", "int", "uint", "bool"].includes(type.kind)) {
      this.report(node.offset, `a map key cannot be ${typeName(type)}`);
    }
  }

  #negate(offset: number, type: StaticType): StaticType {
    if (type.kind === "dyn" || type.kind === "int" || type.kind === "double") return type;
    return this.report(offset, `\`-\` takes a number, not ${typeName(type)}`);
  }

  #binary(node: BinaryNode, locals: Locals | undefined): StaticType {
    const left = this.type(node.left, locals);
    const right = this.type(node.right, locals);
    switch (node.operator) {
      case "==":
      case "!=":
        if (!isComparable(left, right)) {
          this.report(
            node.offset,
            `${quoted(node.operator)} compares ${typeName(left)} with ${typeName(right)}, which are never equal`,
          );
        }
        return BOOL;
      case "in":
        this.#membership(node.offset, left, right);
        return BOOL;
      case "<":
      case "<=":
      case ">":
      case ">=":
        if (!isOrdered(left, right)) this.#mismatch(node, left, right);
        return BOOL;
      default:
        return arithmeticType(node.operator, left, right) ?? this.#mismatch(node, left, right);
    }
  }

  #mismatch(node: BinaryNode, left: StaticType, right: StaticType): StaticType {
    return this.report(
      node.offset,
      `${quoted(node.operator)} cannot be used with ${typeName(left)} and ${typeName(right)}`,
    );
  }

  #membership(offset: number, element: StaticType, container: StaticType): void {
    if (container.kind === "list") {
      if (isComparable(element, container.element)) return;
      this.report(offset, `\`in\` looks for ${typeName(element)} in a ${typeName(container)}`);
    } else if (container.kind !== "dyn" && !isMapType(container)) {
      this.report(offset, `\`in\` needs a list or a map on its right, not ${typeName(container)}`);
    }
  }

  #call(node: CallNode, locals: Locals | undefined): StaticType {
    const call = resolveCall(node, this.#functions, (name) => isLocal(name, locals));
    if (call === undefined) {
      for (const arg of node.target === undefined ? node.args : [node.target, ...node.args]) this.type(arg, locals);
      return this.report(node.offset, this.#unknownFunction(node));
    }
    const args = call.args.map((arg) => this.type(arg, locals));
    return this.#overload(node, call.spec, args);
  }

  #unknownFunction({ name, target }: CallNode): string {
    if (target === undefined && this.#functions.method(name) !== undefined) {
      return `${quoted(name)} is called on a value, as in \`x.${name}(...)\``;
    }
    if (target !== undefined && this.#functions.global(name) !== undefined) {
      return `${quoted(name)} is not called on a value, write \`${name}(...)\``;
    }
    return `unknown function ${quoted(name)}${suggestion(name, [...this.#functions.names(), ...MACRO_NAMES])}`;
  }

  #overload(node: CallNode, spec: FunctionSpec, args: readonly StaticType[]): StaticType {
    const sameArity = spec.overloads.filter((overload) => overload.parameters.length === args.length);
    if (sameArity.length === 0) {
      const own = spec.isMethod ? 1 : 0;
      const counts = [...new Set(spec.overloads.map((overload) => overload.parameters.length - own))];
      const plural = counts.length === 1 && counts[0] === 1 ? "argument" : "arguments";
      return this.report(
        node.offset,
        `${quoted(spec.name)} takes ${counts.join(" or ")} ${plural}, not ${args.length - own}`,
      );
    }
    const fitting = sameArity.filter((overload) =>
      overload.parameters.every((type, at) => isAssignable(args[at]!, type)),
    );
    if (fitting.length === 0) {
      const given = args.map(typeName).join(", ");
      const taken = sameArity.map((overload) => `(${overload.parameters.map(typeName).join(", ")})`).join(" or ");
      return this.report(node.offset, `${quoted(spec.name)} takes ${taken}, not (${given})`);
    }
    return this.#common(fitting.map((overload) => overload.result));
  }

  #comprehension(node: ComprehensionNode, locals: Locals | undefined): StaticType {
    const range = this.type(node.range, locals);
    if (range.kind !== "dyn" && range.kind !== "list" && !isMapType(range)) {
      this.report(node.offset, `${quoted(node.macro)} needs a list or a map, not ${typeName(range)}`);
    }
    const element = range.kind === "list" ? range.element : isMapType(range) ? keyType(range) : DYN;
    const isPair = node.variables.length === 2;
    const first = isPair ? (range.kind === "list" ? INT : isMapType(range) ? element : DYN) : element;
    const second = range.kind === "list" ? range.element : range.kind === "map" ? range.value : DYN;
    let scope: Locals = { name: node.variables[0]!, type: first, outer: locals };
    if (isPair) scope = { name: node.variables[1]!, type: second, outer: scope };
    if (node.filter !== undefined) this.#mustBeBool(node.filter, node.macro, scope);
    switch (node.macro) {
      case "all":
      case "exists":
      case "exists_one":
        return this.#mustBeBool(node.body, node.macro, scope);
      case "filter":
        this.#mustBeBool(node.body, node.macro, scope);
        return listOf(element);
      case "transformMap":
        return { kind: "map", value: this.type(node.body, scope) };
      default:
        return listOf(this.type(node.body, scope));
    }
  }

  #bind(node: BindNode, locals: Locals | undefined): StaticType {
    const type = this.type(node.value, locals);
    return this.type(node.body, { name: node.variable, type, outer: locals });
  }
}

const MACRO_NAMES = ["has", "all", "exists", "exists_one", "map", "filter"];

/** Keys of inputs are texts; maps that an expression makes can have others. */
function keyType(type: StaticType): StaticType {
  return type.kind === "object" ? STRING : DYN;
}

function isLocal(name: string, locals: Locals | undefined): boolean {
  for (let at = locals; at !== undefined; at = at.outer) if (at.name === name) return true;
  return false;
}

const ORDERED = new Set(["bool", "string", "bytes", "timestamp", "duration"]);

function isOrdered(left: StaticType, right: StaticType): boolean {
  const types = [left, right].filter((type) => type.kind !== "dyn");
  if (types.every(isNumericType)) return true;
  return types.every((type) => ORDERED.has(type.kind) && type.kind === types[0]!.kind);
}

/** The type of an arithmetic operation; undefined when it cannot be done. */
function arithmeticType(operator: string, left: StaticType, right: StaticType): StaticType | undefined {
  if (isNumericType(left) && isNumericType(right)) return left.kind === right.kind ? left : DOUBLE;
  const isPlus = operator === "+";
  if (!isPlus && operator !== "-") {
    const isNumber = (type: StaticType) => type.kind === "dyn" || isNumericType(type);
    return isNumber(left) && isNumber(right) ? DYN : undefined;
  }
  const [a, b] = [left.kind, right.kind];
  if (a === "dyn" || b === "dyn") return isAddend(left, isPlus) && isAddend(right, isPlus) ? DYN : undefined;
  if (a === "timestamp" && b === "duration") return TIMESTAMP;
  if (a === "duration" && b === "duration") return DURATION;
  if (!isPlus) return a === "timestamp" && b === "timestamp" ? DURATION : undefined;
  if (a === "duration" && b === "timestamp") return TIMESTAMP;
  if (a === "list" && b === "list") return commonType(left, right);
  return a === b && (a === "string" || a === "bytes") ? left : undefined;
}

function isAddend(type: StaticType, isPlus: boolean): boolean {
  if (type.kind === "dyn" || isNumericType(type) || type.kind === "timestamp" || type.kind === "duration") return true;
  return isPlus && (type.kind === "string" || type.kind === "bytes" || type.kind === "list");
}
