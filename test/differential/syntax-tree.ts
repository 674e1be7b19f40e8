import { parse as parseBufbuild } from "@bufbuild/cel";
import type { Constant, Expr, Expr_Call } from "@bufbuild/cel-spec/cel/expr/syntax_pb.js";
import type { Node } from "../../src/cel/ast.ts";
import { CelUint } from "../../src/cel/index.ts";
import { type ParserLimits, parse } from "../../src/cel/parser.ts";
import { canonicalText } from "../conformance/canonical.ts";

/** Room for every corpus: what is compared is the grammar, not our limits. */
export const WIDE_LIMITS: ParserLimits = { sourceLengthMax: 100_000, nestingMax: 1_000, treeDepthMax: 2_000 };

function form(head: string, ...parts: readonly string[]): string {
  return `(${[head, ...parts].join(" ")})`;
}

/** Both parsers fold signs in some places and not in others: here `--x` is x, and `-` on a number is part of it. */
function negated(operator: "!_" | "-_", operand: string): string {
  const start = `(${operator} `;
  if (operand.startsWith(start)) return operand.slice(start.length, -1);
  if (operator === "-_" && (operand === "0" || operand === "0.0")) return operand;
  if (operator === "-_" && /^[0-9]/.test(operand) && !operand.endsWith("u")) return `-${operand}`;
  if (operator === "-_" && /^-[0-9]/.test(operand)) return operand.slice(1);
  return form(operator, operand);
}

function formOfOurs(node: Node): string {
  switch (node.kind) {
    case "literal":
      return canonicalText(node.value);
    case "ident":
      return node.name;
    case "select":
    case "has":
      return form(node.kind, formOfOurs(node.operand), node.field);
    case "index":
      return form("_[_]", formOfOurs(node.operand), formOfOurs(node.index));
    case "call":
      return callForm(node.name.replace(/^\./, ""), node.target, node.args);
    case "not":
      return negated("!_", formOfOurs(node.operand));
    case "negate":
      return negated("-_", formOfOurs(node.operand));
    case "binary":
      return form(node.operator, formOfOurs(node.left), formOfOurs(node.right));
    case "and":
    case "or":
      return form(node.kind, ...node.terms.map((term) => chained(node.kind, formOfOurs(term))));
    case "conditional":
      return form("_?_:_", ...[node.test, node.whenTrue, node.whenFalse].map(formOfOurs));
    case "list":
      return form("list", ...node.elements.map(formOfOurs));
    case "map":
      return form("map", ...node.keys.flatMap((key, index) => [formOfOurs(key), formOfOurs(node.values[index]!)]));
    case "message":
      return form("message", node.name);
    case "comprehension": {
      const args = [...node.variables, ...[node.filter, node.body].flatMap((part) => (part ? [formOfOurs(part)] : []))];
      return form(`.${node.macro}`, formOfOurs(node.range), ...args);
    }
    case "bind":
      return form(".bind", "cel", node.variable, formOfOurs(node.value), formOfOurs(node.body));
  }
}

/** Chains of the same operator are one list of terms, whatever way a parser nests them. */
function chained(kind: "and" | "or", term: string): string {
  return term.startsWith(`(${kind} `) ? term.slice(kind.length + 2, -1) : term;
}

function callForm(name: string, target: Node | undefined, args: readonly Node[]): string {
  const parts = args.map(formOfOurs);
  return target ? form(`.${name}`, formOfOurs(target), ...parts) : form(name, ...parts);
}

/** @returns the tree as text, or undefined when our parser refuses the source */
export function ourTree(source: string): string | undefined {
  const result = parse(source, WIDE_LIMITS);
  return result.ok ? formOfOurs(result.node) : undefined;
}

function constantText(constant: Constant): string {
  const { case: kind, value } = constant.constantKind;
  if (kind === "nullValue") return "null";
  return canonicalText(kind === "uint64Value" ? new CelUint(value) : value);
}

const OPERATORS = new Map([
  ["@in", "in"],
  ["_&&_", "and"],
  ["_||_", "or"],
]);
const MACRO_NAMES = new Map([["existsOne", "exists_one"]]);

/** @param macros the calls that macros were written as, by the id of what they expand to */
function formOfBufbuild(expr: Expr, macros: Readonly<Record<string, Expr>>): string {
  const inner = (child: Expr | undefined) => formOfBufbuild(child!, macros);
  const macro = macros[String(expr.id)];
  const kind = (macro ?? expr).exprKind;
  switch (kind.case) {
    case "constExpr":
      return constantText(kind.value);
    case "identExpr":
      return kind.value.name;
    case "selectExpr":
      return form(kind.value.testOnly ? "has" : "select", inner(kind.value.operand), kind.value.field);
    case "listExpr":
      return form("list", ...kind.value.elements.map(inner));
    case "structExpr":
      if (kind.value.messageName !== "") return form("message", kind.value.messageName.replace(/^\./, ""));
      return form(
        "map",
        ...kind.value.entries.flatMap(({ keyKind, value }) => [inner(keyKind.value as Expr), inner(value)]),
      );
    case "callExpr":
      return callFormOfBufbuild(kind.value, inner);
    default:
      throw new TypeError(`no such expression: ${kind.case}`);
  }
}

function callFormOfBufbuild({ function: name, target, args }: Expr_Call, inner: (expr: Expr) => string): string {
  const parts = args.map(inner);
  if (target) return form(`.${MACRO_NAMES.get(name) ?? name}`, inner(target), ...parts);
  if (name === "has" && parts[0]?.startsWith("(select ")) return parts[0].replace("(select ", "(has ");
  if (name === "!_" || name === "-_") return negated(name, parts[0]!);
  const operator = OPERATORS.get(name) ?? (/^_[^[?]+_$/.test(name) ? name.slice(1, -1) : name);
  if (operator === "and" || operator === "or") return form(operator, ...parts.map((part) => chained(operator, part)));
  return form(operator, ...parts);
}

/** @returns the tree as text, or undefined when @bufbuild/cel refuses the source */
export function bufbuildTree(source: string): string | undefined {
  let parsed: ReturnType<typeof parseBufbuild>;
  try {
    parsed = parseBufbuild(source);
  } catch {
    return undefined;
  }
  return formOfBufbuild(parsed.expr as Expr, (parsed.sourceInfo?.macroCalls ?? {}) as Record<string, Expr>);
}
