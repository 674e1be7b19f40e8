import { parse } from "@bufbuild/cel";
import type { Expr } from "@bufbuild/cel-spec/cel/expr/syntax_pb.js";
import { getTestRegistry } from "@bufbuild/cel-spec/testdata/registry.js";
import type { SimpleTestJson } from "./cel-spec-tests.ts";
import { nodesOf } from "./expr-nodes.ts";
import { isMessageValue } from "./values.ts";

/** The only reasons for which a conformance test may be left out. */
export const SKIP_REASONS = {
  message_literal: "the expression builds a protobuf message",
  message_binding: "a variable is bound to a protobuf message or enum",
  message_type_name: "the expression names a protobuf message or enum type",
  extension_optional: "optional values are not offered",
  extension_math: "the math extension is not offered",
  extension_base64: "the encoders extension is not offered",
  extension_block: "cel.block, an output of optimisers, is not offered",
  extension_proto: "the proto extension works on protobuf messages",
  deduced_type_only: "the test evaluates nothing: it asks only for the type that a checker of protobuf types deduces",
} as const;
export type SkipReason = keyof typeof SKIP_REASONS;

const registry = getTestRegistry();

/** CEL's own types that happen to have protobuf names. */
const CEL_TYPE_NAMES = new Set(["google.protobuf.Timestamp", "google.protobuf.Duration"]);

/** @bufbuild/cel 0.6.1 knows neither quoted fields nor the optional syntax. */
const OPTIONAL_SYNTAX = /\.\?|\[\?|\{\?|,\s*\?/;

function parseOracle(source: string): Expr | undefined {
  try {
    return parse(source.replace(/([.{,]\s*)`[^`]*`/g, "$1quoted")).expr as Expr | undefined;
  } catch {
    return undefined;
  }
}

function join(operand: Expr | undefined, name: string): string | undefined {
  const prefix = operand && dottedName(operand);
  return prefix && `${prefix}.${name}`;
}

/** `a.b.c` for a chain of selections on an identifier or a call of such a name, else undefined. */
function dottedName({ exprKind: kind }: Expr): string | undefined {
  if (kind.case === "identExpr") return kind.value.name;
  if (kind.case === "selectExpr") return join(kind.value.operand, kind.value.field);
  if (kind.case !== "callExpr") return undefined;
  return kind.value.target ? join(kind.value.target, kind.value.function) : kind.value.function;
}

function namesProtobufType(dotted: string, test: SimpleTestJson): boolean {
  if (Object.hasOwn(test.bindings ?? {}, dotted)) return false;
  const container = (test.container ?? "").split(".").filter(Boolean);
  for (let length = dotted.startsWith(".") ? 0 : container.length; length >= 0; length--) {
    const full = [...container.slice(0, length), dotted.replace(/^\./, "")].join(".");
    if (registry.get(full) !== undefined) return !CEL_TYPE_NAMES.has(full);
  }
  return false;
}

/** Name of the namespace of `math.abs(x)`, `optional.of(x)` and the like. */
function namespaceOf(node: Expr): string | undefined {
  return node.exprKind.case === "callExpr" && node.exprKind.value.target
    ? dottedName(node.exprKind.value.target)
    : undefined;
}

const NAMESPACE_REASONS = new Map<string | undefined, SkipReason>([
  ["optional", "extension_optional"],
  ["math", "extension_math"],
  ["base64", "extension_base64"],
  ["proto", "extension_proto"],
]);

function reasonOfCall(node: Expr): SkipReason | undefined {
  if (node.exprKind.case !== "callExpr" || node.exprKind.value.target === undefined) return undefined;
  const { function: name } = node.exprKind.value;
  const namespace = namespaceOf(node);
  if (namespace === "cel" && (name === "block" || name === "index" || name === "iterVar")) return "extension_block";
  if (name === "optMap" || name === "optFlatMap") return "extension_optional";
  return NAMESPACE_REASONS.get(namespace);
}

function reasonOfNode(node: Expr, test: SimpleTestJson): SkipReason | undefined {
  if (node.exprKind.case === "structExpr" && node.exprKind.value.messageName !== "") return "message_literal";
  const dotted = dottedName(node);
  if (dotted !== undefined && namesProtobufType(dotted, test)) return "message_type_name";
  return reasonOfCall(node);
}

/**
 * Why a conformance test is left out, judged by what it contains and never by its name; undefined when it must pass.
 * The syntax tree comes from @bufbuild/cel, so that a fault in our own parser can hide no test.
 */
export function skipReasonOf(test: SimpleTestJson): SkipReason | undefined {
  if (Object.values(test.bindings ?? {}).some((binding) => isMessageValue(binding.value))) return "message_binding";
  const root = parseOracle(test.expr);
  if (root === undefined) return OPTIONAL_SYNTAX.test(test.expr) ? "extension_optional" : undefined;
  for (const node of nodesOf(root)) {
    const reason = reasonOfNode(node, test);
    if (reason !== undefined) return reason;
  }
  return test.checkOnly ? "deduced_type_only" : undefined;
}
