import type { CallNode, ComprehensionNode, MacroName, Node } from "./ast.ts";
import { SyntaxFault } from "./lexer.ts";

/** Receiver-style macros, by name: how many arguments come with one and with two variables. */
const COMPREHENSIONS = new Map<string, { macro: MacroName; one: readonly number[]; two: readonly number[] }>([
  ["all", { macro: "all", one: [2], two: [3] }],
  ["exists", { macro: "exists", one: [2], two: [3] }],
  ["exists_one", { macro: "exists_one", one: [2], two: [3] }],
  ["existsOne", { macro: "exists_one", one: [2], two: [3] }],
  ["map", { macro: "map", one: [2, 3], two: [] }],
  ["filter", { macro: "filter", one: [2], two: [] }],
  ["transformList", { macro: "transformList", one: [], two: [3, 4] }],
  ["transformMap", { macro: "transformMap", one: [], two: [3, 4] }],
]);

/** Turns a call that is a macro into its node; any other call comes back as it is. */
export function expandMacro(call: CallNode): Node {
  if (call.target === undefined) return call.name === "has" ? expandHas(call) : call;
  if (call.name === "bind" && call.target.kind === "ident" && call.target.name === "cel") return expandBind(call);
  const spec = COMPREHENSIONS.get(call.name);
  if (spec === undefined) return call;
  const count = call.args.length;
  const variableCount = spec.one.includes(count) ? 1 : spec.two.includes(count) ? 2 : 0;
  return variableCount === 0 ? call : expandComprehension(call, call.target, spec.macro, variableCount);
}

function expandHas(call: CallNode): Node {
  const [selection] = call.args;
  if (call.args.length !== 1 || selection?.kind !== "select") {
    throw new SyntaxFault(call.offset, "`has` takes one field selection, such as `has(arguments.amount)`");
  }
  return { ...selection, kind: "has", offset: call.offset };
}

function variableName(node: Node, macro: string): string {
  if (node.kind === "ident" && !node.isRoot) return node.name;
  throw new SyntaxFault(node.offset, `the variable of \`${macro}\` must be a simple name`);
}

function expandBind(call: CallNode): Node {
  const [name, value, body] = call.args;
  if (call.args.length !== 3) throw new SyntaxFault(call.offset, "`cel.bind` takes a name, a value and an expression");
  return {
    kind: "bind",
    offset: call.offset,
    depth: call.depth,
    variable: variableName(name!, "cel.bind"),
    value: value!,
    body: body!,
  };
}

function expandComprehension(call: CallNode, range: Node, macro: MacroName, variableCount: 1 | 2): ComprehensionNode {
  const variables = call.args.slice(0, variableCount).map((node) => variableName(node, call.name));
  if (variables.length === 2 && variables[0] === variables[1]) {
    throw new SyntaxFault(call.args[1]!.offset, `the two variables of \`${call.name}\` have the same name`);
  }
  const rest = call.args.slice(variableCount);
  return {
    kind: "comprehension",
    offset: call.offset,
    depth: call.depth,
    macro,
    range,
    variables,
    filter: rest.length === 2 ? rest[0] : undefined,
    body: rest.at(-1)!,
  };
}
