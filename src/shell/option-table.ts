import { INTERPRETERS } from "./interpreters.ts";
import { KNOWN_OPTIONS } from "./known-options.ts";
import { WRAPPERS } from "./wrappers.ts";

export interface Option {
  /** Every spelling, dashes included. */
  readonly names: readonly string[];
  readonly value: "none" | "required" | "optional";
}

export interface OptionTable {
  readonly byName: ReadonlyMap<string, Option>;
  /** Long names in order, to resolve those that are cut short. */
  readonly longNames: readonly string[];
}

/** @param key a program, or a program and its subcommand: `git push` */
export function optionTableOf(key: string): OptionTable | undefined {
  const known = tables.get(key);
  if (known !== undefined) return known;
  const text = entryOf(KNOWN_OPTIONS, key) ?? entryOf(WRAPPERS, key)?.options ?? INTERPRETERS.get(key)?.options;
  if (text === undefined) return undefined;
  const table = readTable(text);
  tables.set(key, table);
  return table;
}

/** INVARIANT: keys come from commands, so that `constructor` must not be found. */
export function entryOf<T>(table: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

/** Read once, when first asked for. INVARIANT: has no more entries than the tables. */
const tables = new Map<string, OptionTable>();

function readTable(text: string): OptionTable {
  const byName = new Map<string, Option>();
  for (const entry of text.split(/\s+/).filter((part) => part !== "")) {
    const value = entry.endsWith("=?") ? "optional" : entry.endsWith("=") ? "required" : "none";
    const names = entry.replace(/=\??$/, "").split("|").map(dashed);
    for (const name of names) byName.set(name, { names, value });
  }
  return { byName, longNames: [...byName.keys()].filter((name) => name.startsWith("--")) };
}

function dashed(name: string): string {
  if (name.startsWith("-")) return name;
  return name.length === 1 ? `-${name}` : `--${name}`;
}
