import type { Constant } from "./constraints.ts";
import type { Term } from "./terms.ts";

/** How often rules are compared before a search gives up in silence: some seconds, for ten thousand rules. */
const COMPARISONS_MAX = 2_000_000;

interface Entry<T> {
  readonly item: T;
  readonly terms: readonly Term[];
}

/**
 * Things with terms, filed under a value that one of the terms asks for, the one that fewest have, so that looking for those
 * that follow from other terms does not try all.
 *
 * INVARIANT: terms from which a list of values follows have a list of values for the same place themselves, all of which
 * are in the first: so any one of them leads to where the first is filed.
 */
export class CandidateTable<T> {
  readonly #byValue = new Map<string, Entry<T>[]>();
  /** What asks for no value. */
  readonly #others: Entry<T>[] = [];
  #comparisons = 0;

  constructor(entries: Iterable<readonly [T, readonly Term[]]>) {
    const all = [...entries].map(([item, terms]) => ({ item, terms, tests: valueTests(terms) }));
    const uses = new Map<string, number>();
    for (const { tests } of all) for (const key of tests.flatMap(keysOf)) uses.set(key, (uses.get(key) ?? 0) + 1);
    const usesOf = (test: ValueTest) => keysOf(test).reduce((sum, key) => sum + uses.get(key)!, 0);
    for (const { tests, ...entry } of all) {
      const rarest = tests.toSorted((a, b) => usesOf(a) - usesOf(b))[0];
      if (rarest === undefined) this.#others.push(entry);
      else for (const key of keysOf(rarest)) this.#file(key, entry);
    }
  }

  #file(key: string, entry: Entry<T>): void {
    const entries = this.#byValue.get(key);
    if (entries === undefined) this.#byValue.set(key, [entry]);
    else entries.push(entry);
  }

  /** What fits and has terms that follow, one after the other; some of it twice. */
  *following(given: readonly Term[], fits: (item: T) => boolean, follow: (wanted: Entry<T>) => boolean): Generator<T> {
    const keys = new Set(valueTests(given).map((test) => keysOf(test)[0]!));
    const lists = [this.#others, ...[...keys].map((key) => this.#byValue.get(key) ?? [])];
    for (const entries of lists) {
      for (const entry of entries) {
        if (this.#comparisons >= COMPARISONS_MAX) return;
        this.#comparisons += 1;
        if (fits(entry.item) && follow(entry)) yield entry.item;
      }
    }
  }
}

interface ValueTest {
  readonly place: string;
  readonly values: ReadonlySet<Constant>;
}

function keysOf({ place, values }: ValueTest): string[] {
  return [...values].map((value) => `${place} ${typeof value} ${value}`);
}

function valueTests(terms: readonly Term[]): ValueTest[] {
  return terms.flatMap(({ test }) =>
    test?.constraint.kind === "values" ? [{ place: test.place, values: test.constraint.values }] : [],
  );
}
