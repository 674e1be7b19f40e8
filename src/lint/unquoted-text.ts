import type { Diagnostic } from "../rules/types.ts";
import { scalarValue, type YamlNode, type YamlScalar } from "../rules/yaml-tree.ts";
import type { Edit, LintFile } from "./types.ts";

/**
 * Fields whose value is a text, so that quotes keep it as it is written. `when` is not one of them: `when: "true"` is for
 * every request, which a person has to write.
 */
const TEXT_FIELDS: ReadonlySet<string> = new Set([
  ...["policy", "id", "name", "description", "reason", "help_text", "help_url", "type", "approvers"],
]);

/** Quotes for a text that YAML reads as a number or a boolean, such as `name: 404`; undefined for any other diagnostic. */
export function quotesFor(file: LintFile, { code, line, column }: Diagnostic): Edit | undefined {
  if (code !== "wrong-type") return undefined;
  for (const scalar of unquotedTexts(file.root, undefined)) {
    const at = file.report.position(scalar.offset);
    if (at.line !== line || at.column !== column) continue;
    const { valueStart: start, valueEnd: end } = scalar.event;
    return { start, end, text: JSON.stringify(scalar.text) };
  }
  return undefined;
}

function* unquotedTexts(node: YamlNode | undefined, field: string | undefined): Generator<YamlScalar> {
  if (node?.kind === "scalar" && field !== undefined && TEXT_FIELDS.has(field)) {
    const value = scalarValue(node);
    if (typeof value === "number" || typeof value === "boolean") yield node;
  }
  if (node?.kind === "sequence") for (const item of node.items) yield* unquotedTexts(item, field);
  if (node?.kind === "mapping") for (const { key, value } of node.entries) yield* unquotedTexts(value, key);
}
