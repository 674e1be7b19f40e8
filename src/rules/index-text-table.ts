/** Finds the entries whose prefix (or suffix) a text has. */
export interface TextTable<T> {
  /** Calls `visit` with the entries of every prefix that the text may have: all that it has, possibly others. */
  each<S>(text: string, visit: (entries: readonly T[], state: S) => void, state: S): void;
}

/**
 * Look-ups are one per distinct length, so lengths are bounded: with more, a long prefix is filed under its first
 * characters. That finds a few entries too many, never one too few.
 */
const LENGTHS_MAX = 12;

/** @returns undefined when there is nothing to look up */
export function createTextTable<T>(
  end: "prefix" | "suffix",
  values: ReadonlyMap<string, readonly T[]>,
): TextTable<T> | undefined {
  if (values.size === 0) return undefined;
  const lengths = chooseLengths(values);
  const tables = lengths.map(() => new Map<string, T[]>());
  const inner = lengths.map(() => createCharacterSet());
  for (const [value, entries] of values) {
    let nth = lengths.length - 1;
    while (lengths[nth]! > value.length) nth -= 1;
    const part = cut(end, value, lengths[nth]!);
    tables[nth]!.set(part, (tables[nth]!.get(part) ?? []).concat(entries));
    inner[nth]!.add(innerOf(end, part, part.length));
  }
  return {
    each(text, visit, state) {
      for (let nth = 0; nth < lengths.length && lengths[nth]! <= text.length; nth++) {
        const length = lengths[nth]!;
        if (!inner[nth]!.has(innerOf(end, text, length))) continue;
        const entries = tables[nth]!.get(cut(end, text, length));
        if (entries !== undefined) visit(entries, state);
      }
    },
  };
}

/** The most used lengths, ascending; always the shortest, since every value must be filed under one of them. */
function chooseLengths(values: ReadonlyMap<string, readonly unknown[]>): number[] {
  const counts = new Map<number, number>();
  for (const [value, entries] of values) counts.set(value.length, (counts.get(value.length) ?? 0) + entries.length);
  const shortest = Math.min(...counts.keys());
  const others = [...counts].filter(([length]) => length !== shortest).sort((a, b) => b[1] - a[1] || a[0] - b[0]);
  return [shortest, ...others.slice(0, LENGTHS_MAX - 1).map(([length]) => length)].sort((a, b) => a - b);
}

function cut(end: "prefix" | "suffix", text: string, length: number): string {
  return end === "prefix" ? text.slice(0, length) : text.slice(text.length - length);
}

/**
 * The character where a part ends that is cut from a text: often a separator, as in `fs.` or `@example.com`. It is looked
 * at first, since that costs a fraction of cutting and looking up.
 */
function innerOf(end: "prefix" | "suffix", text: string, length: number): number {
  return text.charCodeAt(end === "prefix" ? length - 1 : text.length - length);
}

/** UTF-16 units; those beyond ASCII are all taken for members. */
function createCharacterSet() {
  const ascii = new Uint8Array(128);
  return {
    add(unit: number): void {
      if (unit < 128) ascii[unit] = 1;
    },
    // An empty part ends nowhere (NaN), and every text has it.
    has: (unit: number) => !(unit < 128) || ascii[unit] === 1,
  };
}
