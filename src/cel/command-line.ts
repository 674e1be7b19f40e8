import { isJsonMap, mapGet } from "./operations.ts";
import { CelMap } from "./values.ts";

/** Names under which callers send what runs. Words behind a command are its arguments, the others are commands themselves. */
const COMMANDS = ["command", "cmd", "script", "code", "input"] as const;
const WORDS = ["args", "argv"] as const;

/**
 * Everything that an action would run, as one text: what its arguments hold under the names above and what its destination
 * names, one below the other, each once. Empty where there is nothing. Words in a list are one command.
 * @returns undefined for what is no map
 */
export function commandLineOf(map: unknown, destination: string): string | undefined {
  if (!isJsonMap(map) && !(map instanceof CelMap)) return undefined;
  const behind = WORDS.map((key) => readingsOf(mapGet(map, key))).find((readings) => readings.length > 0) ?? [];
  const lines = COMMANDS.flatMap((key) => readingsOf(mapGet(map, key)));
  const all = behind.length === 0 ? lines : lines.length === 0 ? behind : combine(lines, behind);
  if (destination !== "") all.push(destination);
  return all.length === 1 ? all[0]! : [...new Set(all)].join("\n");
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
