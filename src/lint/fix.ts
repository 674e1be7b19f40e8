import type { RuleSource } from "../rules/types.ts";
import { fixFile } from "./fix-file.ts";
import { withoutMark } from "./read-files.ts";
import type { Finding } from "./types.ts";

export interface Fixed {
  /** The files that changed, as they are now. */
  readonly changed: readonly RuleSource[];
  /** How many findings were mended. */
  readonly applied: number;
}

/** Mends what can be mended without changing what the rules decide. Findings must be of exactly these sources. */
export function fix(sources: readonly RuleSource[], findings: readonly Finding[]): Fixed {
  const changed: RuleSource[] = [];
  let count = 0;
  for (const { path, content } of sources) {
    const edits = findings.flatMap(({ file, edit }) => (file === path && edit !== undefined ? [edit] : []));
    if (edits.length === 0) continue;
    const source = withoutMark(content);
    const { text, applied } = fixFile(source, edits);
    if (applied === 0) continue;
    changed.push({ path, content: content.slice(0, content.length - source.length) + text });
    count += applied;
  }
  return { changed, applied: count };
}
