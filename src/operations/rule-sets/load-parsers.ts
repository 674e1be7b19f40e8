import { loadParsersFor } from "../../cel/index.ts";
import type { RuleSource } from "../../rules/index.ts";

/** Gets ready what the conditions of these rule files need for their calls; before the files are loaded. */
export function loadParsers(sources: readonly RuleSource[]): Promise<void> {
  return loadParsersFor(sources.map(({ content }) => content));
}
