/** The text of one rule of a file, up to the next one. */
export interface RuleText {
  readonly text: string;
  /** Line of its `- `, from 1. */
  readonly line: number;
}

export interface SplitFile {
  /** Everything before the first rule. */
  readonly head: string;
  readonly rules: readonly RuleText[];
}

/**
 * Cuts a file of the usual layout into the texts of its rules, without parsing: `rules:` at the start of a line, then a
 * block list whose items begin with `- ` at one indentation and whose other lines are indented deeper, are blank or are
 * comments.
 *
 * INVARIANT: YAML ends a block node, and a quoted or flow one may not go on, at a line that is not indented deeper than
 * the item; so, where the whole file is valid, each text is one item, and it means the same alone as in its place.
 * @returns undefined for any other layout
 */
export function splitRules(source: string): SplitFile | undefined {
  // Other line breaks than LF would need line counting of their own.
  if (source.includes("\r")) return undefined;
  const key = source.startsWith("rules:") ? 0 : source.indexOf("\nrules:") + 1;
  let start = source.indexOf("\n", key) + 1;
  if (start === 0) return undefined;
  let line = countLines(source, start);
  let indent = -1;
  const starts: { offset: number; line: number }[] = [];
  for (; start < source.length; line++) {
    const end = source.indexOf("\n", start);
    let at = start;
    while (source[at] === " ") at += 1;
    const first = source[at];
    const depth = at - start;
    if (first === "-" && source[at + 1] === " " && (depth === indent || indent < 0)) {
      indent = depth;
      starts.push({ offset: start, line });
    } else if (depth <= indent && first !== "\n" && first !== "#" && first !== undefined) return undefined;
    if (end < 0) break;
    start = end + 1;
  }
  if (starts.length === 0) return undefined;
  const rules = starts.map(({ offset, line }, nth) => ({ line, text: source.slice(offset, starts[nth + 1]?.offset) }));
  return { head: source.slice(0, starts[0]!.offset), rules };
}

/** The number, from 1, of the line that begins at an offset. */
function countLines(source: string, offset: number): number {
  let lines = 1;
  for (let at = source.indexOf("\n"); at >= 0 && at < offset; at = source.indexOf("\n", at + 1)) lines += 1;
  return lines;
}
