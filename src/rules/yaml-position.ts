import { SCALAR_STYLE } from "js-yaml";
import type { YamlScalar } from "./yaml-tree.ts";

/** Turns offsets of one text into lines and columns, both from 1. Line breaks are LF, CRLF and CR, as in YAML. */
export class LineMap {
  readonly #starts: number[] = [0];

  constructor(source: string) {
    const breaks = /\r\n?|\n/g;
    while (breaks.exec(source) !== null) this.#starts.push(breaks.lastIndex);
  }

  at(offset: number): { line: number; column: number } {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#starts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - this.#starts[low]! + 1 };
  }
}

/**
 * The source offset of a character of a scalar's text. Folding, indentation and line breaks change only white space, so
 * the count of other characters before a place is the same in the text and in the source.
 */
export function sourceOffsetOf(source: string, node: YamlScalar, textOffset: number): number {
  const { valueStart, valueEnd, style } = node.event;
  if (valueStart < 0) return node.offset;
  const isSpace = textOffset >= node.text.length || SPACE.test(node.text[textOffset]!);
  // White space has no counterpart of its own; it comes right after the last other character.
  const wanted = countVisible(node.text, textOffset) - (isSpace ? 1 : 0);
  let seen = 0;
  for (let at = valueStart; at < valueEnd; ) {
    const step = stepAt(source, at, style);
    if (seen + step.visible > wanted) return isSpace ? at + step.length : at;
    seen += step.visible;
    at += step.length;
  }
  return valueEnd;
}

const SPACE = /[ \t\r\n]/;

function countVisible(text: string, end: number): number {
  let count = 0;
  for (let i = 0; i < end && i < text.length; i++) if (!SPACE.test(text[i]!)) count++;
  return count;
}

/** How many source units stand for how many visible text units at a place in a scalar. */
function stepAt(source: string, at: number, style: number): { length: number; visible: number } {
  const char = source[at]!;
  if (style === SCALAR_STYLE.SINGLE_QUOTED && char === "'") return { length: 2, visible: 1 };
  if (style !== SCALAR_STYLE.DOUBLE_QUOTED || char !== "\\") return { length: 1, visible: SPACE.test(char) ? 0 : 1 };
  const kind = source[at + 1]!;
  if (/[nrt \t\r\n]/.test(kind)) return { length: 2, visible: 0 };
  const digits = kind === "x" ? 2 : kind === "u" ? 4 : kind === "U" ? 8 : 0;
  const code = digits === 0 ? 0 : Number.parseInt(source.slice(at + 2, at + 2 + digits), 16);
  const isWhite = digits > 0 && (code === 0x20 || code === 9 || code === 10 || code === 13);
  return { length: 2 + digits, visible: isWhite ? 0 : code > 0xffff ? 2 : 1 };
}
