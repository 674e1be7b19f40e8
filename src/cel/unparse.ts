import type { ComprehensionNode, LiteralValue, Node } from "./ast.ts";
import { CelUint } from "./values.ts";

/**
 * Writes a tree as CEL on one line, with the parentheses that it needs and no others.
 *
 * INVARIANT: parsing what was written gives the same tree, offsets aside.
 */
export function unparse(node: Node): string {
  switch (node.kind) {
    case "literal":
      return literalText(node.value);
    case "ident":
      return node.isRoot ? `.${node.name}` : node.name;
    case "select":
      return `${member(node.operand)}.${fieldName(node.field)}`;
    case "has":
      return `has(${member(node.operand)}.${fieldName(node.field)})`;
    case "index":
      return `${member(node.operand)}[${unparse(node.index)}]`;
    case "call":
      return `${node.target === undefined ? "" : `${member(node.target)}.`}${node.name}(${list(node.args)})`;
    case "not":
      return `!${unaryOperand(node.operand)}`;
    case "negate":
      return `-${unaryOperand(node.operand)}`;
    case "binary": {
      const level = BINARY[node.operator];
      return `${above(level, node.left)} ${node.operator} ${above(level + 1, node.right)}`;
    }
    case "and":
      return node.terms.map((term) => above(LEVEL.and + 1, term)).join(" && ");
    case "or":
      return node.terms.map((term) => above(LEVEL.or + 1, term)).join(" || ");
    case "conditional": {
      const [test, whenTrue] = [node.test, node.whenTrue].map((part) => above(LEVEL.or, part));
      return `${test} ? ${whenTrue} : ${unparse(node.whenFalse)}`;
    }
    case "list":
      return `[${list(node.elements)}]`;
    case "map":
      return `{${node.keys.map((key, at) => `${unparse(key)}: ${unparse(node.values[at]!)}`).join(", ")}}`;
    case "message":
      return `${node.name}{}`;
    case "comprehension":
      return comprehensionText(node);
    case "bind":
      return `cel.bind(${node.variable}, ${unparse(node.value)}, ${unparse(node.body)})`;
  }
}

/** Binding strength, weakest first. */
const LEVEL = { conditional: 0, or: 1, and: 2, relation: 3, sum: 4, product: 5, unary: 6, member: 7 } as const;

const { relation, sum, product } = LEVEL;
const BINARY = {
  ...{ "==": relation, "!=": relation, "<": relation, "<=": relation, ">": relation, ">=": relation, in: relation },
  ...{ "+": sum, "-": sum, "*": product, "/": product, "%": product },
} as const;

function levelOf(node: Node): number {
  switch (node.kind) {
    case "conditional":
    case "or":
    case "and":
      return LEVEL[node.kind];
    case "binary":
      return BINARY[node.operator];
    case "not":
    case "negate":
      return LEVEL.unary;
    case "literal":
      // `-1` is a sign and a number, and `1.a` is no selection.
      return typeof node.value === "number" || typeof node.value === "bigint" ? LEVEL.unary : LEVEL.member;
    default:
      return LEVEL.member;
  }
}

function above(level: number, node: Node): string {
  return levelOf(node) < level ? `(${unparse(node)})` : unparse(node);
}

const member = (node: Node) => above(LEVEL.member, node);

/** The grammar knows `!!x` and `--x`, but neither `!-x` nor a sign on a number that is not part of it. */
const unaryOperand = member;

const list = (nodes: readonly Node[]) => nodes.map((node) => unparse(node)).join(", ");

function fieldName(name: string): string {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) ? name : `\`${name}\``;
}

function comprehensionText({ macro, range, variables, filter, body }: ComprehensionNode): string {
  const parts = [filter, body].flatMap((part) => (part === undefined ? [] : [unparse(part)]));
  return `${member(range)}.${macro}(${[...variables, ...parts].join(", ")})`;
}

function literalText(value: LiteralValue): string {
  if (typeof value === "string") return stringText(value);
  if (typeof value === "number") return doubleText(value);
  if (value instanceof CelUint) return `${value.value}u`;
  if (value instanceof Uint8Array) {
    return `b"${[...value].map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("")}"`;
  }
  return String(value);
}

function doubleText(value: number): string {
  const text = Object.is(value, -0) ? "-0" : String(value);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

/** Regular expressions stay as they were written: in a raw string, where there is one. */
function stringText(value: string): string {
  const quote = value.includes("'") ? '"' : "'";
  const isRaw = /^[^\n\r]*\\[^\n\r]*[^\\\n\r]$/.test(value) && !value.includes(quote);
  return isRaw ? `r${quote}${value}${quote}` : JSON.stringify(value);
}
