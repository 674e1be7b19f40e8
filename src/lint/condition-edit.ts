import { SCALAR_STYLE } from "js-yaml";
import { fileOffsetOf } from "./read-files.ts";
import type { Edit, FileEdit, LintRule } from "./types.ts";

/** An edit of a rule's condition as an edit of its file, in the quotes that the condition is written in. */
export function editOfCondition(entry: LintRule, edit: Edit): FileEdit {
  const { style } = entry.draft.when!.node.event;
  return {
    start: fileOffsetOf(entry, edit.start),
    // One behind the last character: what comes after it may be on another line.
    end: fileOffsetOf(entry, edit.end - 1) + 1,
    text: escaped(edit.text, style),
    condition: { ...edit, ruleId: entry.rule.id },
  };
}

/** Replaces a whole condition by `true`, in quotes, without which it is no text. */
export function editToTrue(entry: LintRule): FileEdit {
  const { source, node } = entry.draft.when!;
  const { style, valueEnd } = node.event;
  const whole = { start: 0, end: source.length, text: "true" };
  const edit = editOfCondition(entry, whole);
  if (style === SCALAR_STYLE.PLAIN) return { ...edit, end: valueEnd, text: '"true"' };
  return style === SCALAR_STYLE.SINGLE_QUOTED || style === SCALAR_STYLE.DOUBLE_QUOTED
    ? { ...edit, end: valueEnd }
    : edit;
}

function escaped(text: string, style: number): string {
  if (style === SCALAR_STYLE.SINGLE_QUOTED) return text.replaceAll("'", "''");
  return style === SCALAR_STYLE.DOUBLE_QUOTED ? text.replace(/["\\]/g, "\\$&") : text;
}
