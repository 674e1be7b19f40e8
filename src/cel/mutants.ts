import type { BinaryNode, BinaryOperator, LogicNode, Node } from "./ast.ts";
import { parse } from "./parser.ts";
import { childrenOf, startOf, withChildren } from "./tree.ts";
import { unparse } from "./unparse.ts";

/** An expression with one fault planted in it. */
export interface Mutant {
  readonly operator: "comparison" | "dropped-term" | "negation";
  /** Where the fault is, in UTF-16 units of the original. */
  readonly offset: number;
  /** The part as it was, on one line, and what became of it; empty for a term that was dropped. */
  readonly before: string;
  readonly after: string;
  /** The whole expression, on one line. */
  readonly source: string;
}

/**
 * All expressions that differ from one in a single fault: a comparison turned round or moved by its boundary, a term of
 * `&&` or `||` left out, a part that says yes or no negated. In the order of the source; empty for what does not parse.
 */
export function mutantsOf(source: string): Mutant[] {
  const parsed = parse(source);
  if (!parsed.ok) return [];
  const faults = [...negationOf(parsed.node), ...faultsIn(parsed.node)];
  return faults
    .map(({ root, ...fault }): Mutant => ({ ...fault, source: unparse(root) }))
    .sort((a, b) => a.offset - b.offset);
}

interface Fault extends Omit<Mutant, "source"> {
  /** The tree with the fault in it, as far up as it was put together. */
  readonly root: Node;
}

function faultsIn(node: Node): Fault[] {
  const children = childrenOf(node);
  const below = children.flatMap((child, at) =>
    [...(isYesOrNo(node, child) ? negationOf(child) : []), ...faultsIn(child)].map((fault) => ({
      ...fault,
      root: withChildren(node, children.with(at, fault.root)),
    })),
  );
  if (node.kind === "and" || node.kind === "or") return [...droppedTerms(node), ...below];
  return node.kind === "binary" ? [...turnedComparisons(node), ...below] : below;
}

const TURNED: Partial<Record<BinaryOperator, readonly BinaryOperator[]>> = {
  "==": ["!="],
  "!=": ["=="],
  "<": [">=", "<="],
  "<=": [">", "<"],
  ">": ["<=", ">="],
  ">=": ["<", ">"],
};

function turnedComparisons(node: BinaryNode): Fault[] {
  return (TURNED[node.operator] ?? []).map((operator) => faultOf("comparison", node, { ...node, operator }));
}

function droppedTerms(node: LogicNode): Fault[] {
  return node.terms.map((term, at) => {
    const terms = node.terms.toSpliced(at, 1);
    const rest = terms.length === 1 ? terms[0]! : { ...node, terms };
    return { operator: "dropped-term", offset: startOf(term), before: unparse(term), after: "", root: rest };
  });
}

/** A negated comparison is one that is turned round. */
function negationOf(node: Node): Fault[] {
  if (node.kind === "not") return [faultOf("negation", node, node.operand)];
  if (node.kind === "binary" && TURNED[node.operator] !== undefined) return [];
  return [faultOf("negation", node, { kind: "not", offset: node.offset, depth: node.depth + 1, operand: node })];
}

/** Whether a child is one of the places in a node where a boolean belongs. */
function isYesOrNo(node: Node, child: Node): boolean {
  if (node.kind === "and" || node.kind === "or") return true;
  if (node.kind === "conditional") return child === node.test;
  if (node.kind !== "comprehension") return false;
  return child === node.filter || (child === node.body && /^(?:all|exists|exists_one|filter)$/.test(node.macro));
}

function faultOf(operator: Mutant["operator"], before: Node, after: Node): Fault {
  return { operator, offset: startOf(before), before: unparse(before), after: unparse(after), root: after };
}
