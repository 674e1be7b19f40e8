import { parseYamlTree, type YamlNode } from "../rules/yaml-tree.ts";

/** Fields of a fixture file that name rules. */
const RULE_FIELDS: ReadonlySet<string> = new Set(["rule", "near_miss"]);

/**
 * Full ids of rules that the cases of a fixture file name, whatever they ask of them. A file that cannot be read names none:
 * running it says why.
 */
export function rulesNamedIn(content: string): Set<string> {
  const { root } = parseYamlTree(content);
  return new Set(root === undefined ? [] : idsIn(root, false));
}

function* idsIn(node: YamlNode, isReference: boolean): Generator<string> {
  if (node.kind === "scalar" && isReference) yield node.text;
  if (node.kind === "sequence") for (const item of node.items) yield* idsIn(item, isReference);
  if (node.kind === "mapping") for (const { key, value } of node.entries) yield* idsIn(value, RULE_FIELDS.has(key));
}
