/**
 * The alternatives of a brace expression such as `{rm,-rf,/}` or `{1..3}`, in order.
 * `undefined` where it holds quotes or expansions, or gives more than the bound.
 */
export function expandBraces(text: string): string[] | undefined {
  if (/["'\\$`]/.test(text)) return undefined;
  const results = expand(text, 0);
  return results !== undefined && results.length <= ALTERNATIVES_MAX ? results : undefined;
}

const ALTERNATIVES_MAX = 256;
const DEPTH_MAX = 8;

function expand(text: string, depth: number): string[] | undefined {
  if (depth > DEPTH_MAX) return undefined;
  const open = text.indexOf("{");
  if (open === -1) return [text];
  const close = matchingBrace(text, open);
  if (close === -1) return undefined;
  const inside = text.slice(open + 1, close);
  const alternatives = rangeOf(inside) ?? listOf(inside, depth);
  const rest = expand(text.slice(close + 1), depth + 1);
  if (alternatives === undefined || rest === undefined) return undefined;
  if (alternatives.length * rest.length > ALTERNATIVES_MAX) return undefined;
  const before = text.slice(0, open);
  return alternatives.flatMap((alternative) => rest.map((after) => before + alternative + after));
}

function listOf(inside: string, depth: number): string[] | undefined {
  const items = splitAtCommas(inside);
  // Bash leaves `{a}` as it is.
  if (items.length === 1) return undefined;
  const expanded = items.map((item) => expand(item, depth + 1));
  return expanded.includes(undefined) ? undefined : (expanded as string[][]).flat();
}

function splitAtCommas(text: string): string[] {
  const items: string[] = [];
  let depth = 0;
  let start = 0;
  for (let index = 0; index < text.length; index += 1) {
    if (text[index] === "{") depth += 1;
    else if (text[index] === "}") depth -= 1;
    else if (text[index] === "," && depth === 0) {
      items.push(text.slice(start, index));
      start = index + 1;
    }
  }
  return [...items, text.slice(start)];
}

function matchingBrace(text: string, open: number): number {
  let depth = 0;
  for (let index = open; index < text.length; index += 1) {
    if (text[index] === "{") depth += 1;
    else if (text[index] === "}" && --depth === 0) return index;
  }
  return -1;
}

function rangeOf(inside: string): string[] | undefined {
  const [, first = "", last = "", stepText = "1"] =
    /^(-?\d{1,9}|[a-zA-Z])\.\.(-?\d{1,9}|[a-zA-Z])(?:\.\.(-?\d{1,9}))?$/.exec(inside) ?? [];
  const isNumbers = /\d$/.test(first) && /\d$/.test(last);
  if (first === "" || isNumbers !== /\d$/.test(first) || isNumbers !== /\d$/.test(last)) return undefined;
  const [from, to] = isNumbers ? [Number(first), Number(last)] : [first.charCodeAt(0), last.charCodeAt(0)];
  const step = Math.abs(Number(stepText)) || 1;
  const count = Math.floor(Math.abs(to - from) / step) + 1;
  if (count > ALTERNATIVES_MAX) return undefined;
  const numbers = Array.from({ length: count }, (_, index) => from + Math.sign(to - from) * step * index);
  const width = isNumbers ? paddedWidth(first, last) : 0;
  return numbers.map((number) => (isNumbers ? pad(number, width) : String.fromCharCode(number)));
}

/** `{01..10}`: bash pads all to the longest that is written. */
function paddedWidth(first: string, last: string): number {
  return [first, last].some((text) => /^-?0\d/.test(text)) ? Math.max(first.length, last.length) : 0;
}

function pad(number: number, width: number): string {
  const sign = number < 0 ? "-" : "";
  return sign + String(Math.abs(number)).padStart(width - sign.length, "0");
}
