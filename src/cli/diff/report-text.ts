import type { RuleChange, RulesDiff } from "../../operations/rule-sets/diff-rules.ts";
import type { Paint } from "../paint.ts";
import { printable } from "../printable.ts";

/** What is not the same, then requests that show it, as a fixture file. */
export function formatDiff(diff: RulesDiff, paint: Paint): string {
  const { changes, differences, unshown, fixture, tries } = diff;
  if (changes.length === 0) return `${paint.good("the rules mean the same")}\n`;
  const kinds = ["changed", "added", "removed", "moved"] as const;
  const counts = kinds.map((kind) => `${changes.filter((change) => change.kind === kind).length} ${kind}`);
  const rows = changes.map((change) => `  ${change.kind.padEnd(7)}  ${printable(describe(change))}\n`);
  const found = differences.length === 0 ? [] : [`\n${printableLines(fixture)}`];
  const searched = `no request was found in ${tries.toLocaleString("en")} tries on which it shows`;
  const missing = unshown.map((id) => `\n${printable(id)}: ${searched}\n`);
  return [`${paint.attention(counts.join(", "))}\n`, ...rows, ...found, ...missing].join("");
}

function describe(change: RuleChange): string {
  switch (change.kind) {
    case "added":
      return `${change.id}  ${placeText(change.after)}`;
    case "removed":
      return `${change.id}  ${placeText(change.before)}`;
    case "moved":
      return `${change.id}  ${placeText(change.before)} -> ${placeText(change.after)}`;
    case "changed":
      return `${change.id}  ${placeText(change.after)}  ${change.fields.join(", ")}`;
  }
}

const placeText = ({ file, line }: { readonly file: string; readonly line: number }) => `${file}:${line}`;

/** A text of lines as a terminal can show it. */
export const printableLines = (text: string) =>
  text
    .split("\n")
    .map((line) => /^ */.exec(line)![0] + printable(line.trimStart()))
    .join("\n");
