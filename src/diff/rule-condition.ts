import type { Node } from "../cel/ast.ts";
import { parse } from "../cel/parser.ts";
import { childrenOf } from "../cel/tree.ts";
import { unparse } from "../cel/unparse.ts";
import type { Rule } from "../rules/types.ts";

/** The whole condition of a rule, its action's globs included, as one tree. */
export function conditionOf(rule: Rule): Node {
  const parsed = rule.when === undefined ? undefined : parse(rule.when);
  return { kind: "and", terms: [...globNodes(rule), ...(parsed?.ok ? [parsed.node] : [])], ...PLACE };
}

/** The action's globs alone; undefined where the rule is about every action. */
export function actionConditionOf(rule: Rule): Node | undefined {
  const terms = globNodes(rule);
  return terms.length === 0 ? undefined : { kind: "and", terms, ...PLACE };
}

const globNodes = ({ actionTypes, actionNames }: Rule) => [
  ...globNode("action_type", actionTypes),
  ...globNode("action_name", actionNames),
];

/** Of what stands in no file. */
const PLACE = { offset: 0, depth: 1 };

function globNode(input: string, globs: readonly string[] | undefined): Node[] {
  if (globs === undefined || globs.includes("*")) return [];
  const name: Node = { kind: "ident", name: input, isRoot: false, ...PLACE };
  const terms = globs.map((glob): Node => {
    const pattern: Node = { kind: "literal", value: glob, ...PLACE };
    return { kind: "call", name: "glob", target: undefined, args: [pattern, name], ...PLACE };
  });
  return [{ kind: "or", terms, ...PLACE }];
}

/** Ids of atoms, for either outcome, of parts that only one of two conditions has. */
export function concernedAtoms(a: Node | undefined, b: Node | undefined): ReadonlySet<string> {
  const [ofA, ofB] = [a, b].map((node) => new Set(node === undefined ? [] : partsOf(node)));
  const sources = [...[...ofA!].filter((part) => !ofB!.has(part)), ...[...ofB!].filter((part) => !ofA!.has(part))];
  return new Set(sources.flatMap((source) => [`true ${source}`, `false ${source}`]));
}

function partsOf(node: Node): string[] {
  const isLogic = node.kind === "and" || node.kind === "or" || node.kind === "not" || node.kind === "conditional";
  return isLogic ? childrenOf(node).flatMap(partsOf) : [unparse(node)];
}
