import { isJsonMap, mapGet } from "./operations.ts";
import { CelMap } from "./values.ts";

/** Names under which callers send what runs. Words behind a command are its arguments, the others are commands themselves. */
const COMMANDS = ["command", "cmd", "script", "code", "input"] as const;
const WORDS = ["args", "argv"] as const;
const KEYS = [...COMMANDS, ...WORDS];

/**
 * Everything that an action would run, as one text: what its arguments hold under the names above and what its destination
 * names, one below the other, each once. Empty where there is nothing. Words in a list are one command.
 * @returns undefined for what is no map
 */
export function commandLineOf(map: unknown, destination: string): string | undefined {
  if (!isJsonMap(map) && !(map instanceof CelMap)) return undefined;
  let only: unknown;
  let count = 0;
  for (const key of KEYS) {
    const value = mapGet(map, key);
    if (value === undefined) continue;
    only = value;
    count += 1;
  }
  if (count === 0) return destination;
  if (count === 1 && typeof only === "string" && (destination === "" || destination === only)) return only;
  return linesOf(map, destination).join("\n");
}

function linesOf(map: Parameters<typeof mapGet>[0], destination: string): string[] {
  const behind = WORDS.map((key) => readingsOf(mapGet(map, key))).find((readings) => readings.length > 0) ?? [];
  const lines = COMMANDS.flatMap((key) => readingsOf(mapGet(map, key)));
  const all = behind.length === 0 ? lines : lines.length === 0 ? behind : combine(lines, behind);
  if (destination !== "") all.push(destination);
  return [...new Set(all)];
}

function combine(lines: readonly string[], behind: readonly string[]): string[] {
  return lines.flatMap((line) => behind.map((words) => `${line} ${words}`));
}

/** SECURITY: a list may be started as it is, or joined for a shell to read: both are shown where they differ. */
function readingsOf(value: unknown): string[] {
  if (typeof value === "string") return value === "" ? [] : [value];
  if (!Array.isArray(value)) return [];
  const words = value.filter((word): word is string => typeof word === "string");
  if (words.length === 0) return [];
  return [...new Set([words.map(quote).join(" "), words.join(" ")])];
}

function quote(word: string): string {
  return /^[\w@%+=:,./~*?[\]-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
