import type { Json } from "../model/activation.ts";
import type { FileReport } from "./diagnostics.ts";
import { didYouMean } from "./suggest.ts";
import { scalarValue, type YamlEntry, type YamlMapping, type YamlNode, type YamlScalar } from "./yaml-tree.ts";

/** The fields of one mapping by name. Each reader reports what is wrong and answers undefined. */
export type Fields = ReadonlyMap<string, YamlEntry>;

/**
 * @param owner what the mapping is, for messages: `a rule`
 * @param missed what to say of fields that somebody may look for and there are not
 */
export function readFields(
  report: FileReport,
  node: YamlNode,
  owner: string,
  known: readonly string[],
  missed: ReadonlyMap<string, string> = NONE,
): Fields | undefined {
  const mapping = readMapping(report, node, owner);
  if (mapping === undefined) return undefined;
  const fields = new Map<string, YamlEntry>();
  for (const entry of mapping.entries) {
    if (known.includes(entry.key)) fields.set(entry.key, entry);
    else {
      const said = missed.get(entry.key);
      const names = () => known.map((name) => `\`${name}\``).join(", ");
      const rest = said === undefined ? didYouMean(entry.key, known) || `; ${owner} has ${names()}` : `: ${said}`;
      report.error("unknown-field", entry.keyOffset, `unknown field \`${entry.key}\`${rest}`);
    }
  }
  return fields;
}

const NONE: ReadonlyMap<string, string> = new Map();

export function readMapping(report: FileReport, node: YamlNode, owner: string): YamlMapping | undefined {
  if (node.kind === "mapping") return node;
  if (node.kind !== "invalid")
    report.error("wrong-type", node.offset, `${owner} must be a mapping of fields, not ${typeName(node)}`);
  return undefined;
}

export interface TextBounds {
  readonly max: number;
  readonly pattern?: RegExp;
  /** What a value that does not fit the pattern should be. */
  readonly expected?: string;
}

export function readText(report: FileReport, name: string, node: YamlNode, bounds: TextBounds): string | undefined {
  const value = readScalar(report, name, node, "a string");
  if (value === undefined) return undefined;
  if (typeof value !== "string") {
    const hint = value === null ? "" : `; put it in quotes: \`"${(node as YamlScalar).text}"\``;
    report.error("wrong-type", node.offset, `\`${name}\` must be a string, not ${valueName(value)}${hint}`);
    return undefined;
  }
  if (value.trim() === "") {
    report.error("invalid-value", node.offset, `\`${name}\` must not be empty`);
    return undefined;
  }
  if (value.length > bounds.max) {
    report.error("invalid-value", node.offset, `\`${name}\` must have at most ${bounds.max} characters`);
    return undefined;
  }
  if (bounds.pattern !== undefined && !bounds.pattern.test(value)) {
    report.error("invalid-value", node.offset, `\`${name}\` must be ${bounds.expected}, not \`${quoted(value)}\``);
    return undefined;
  }
  return value;
}

export function readInteger(report: FileReport, name: string, node: YamlNode, min: number, max: number) {
  const value = readScalar(report, name, node, "an integer");
  if (value === undefined) return undefined;
  if (typeof value !== "number" || !Number.isInteger(value)) {
    report.error("wrong-type", node.offset, `\`${name}\` must be an integer, not ${valueName(value)}`);
    return undefined;
  }
  if (value < min || value > max) {
    report.error("invalid-value", node.offset, `\`${name}\` must be between ${min} and ${max}, not \`${value}\``);
    return undefined;
  }
  return value === 0 ? 0 : value;
}

export function readBoolean(report: FileReport, name: string, node: YamlNode): boolean | undefined {
  const value = readScalar(report, name, node, "`true` or `false`");
  if (value === undefined || typeof value === "boolean") return value;
  report.error("wrong-type", node.offset, `\`${name}\` must be \`true\` or \`false\`, not ${valueName(value)}`);
  return undefined;
}

export function readChoice<const T extends string>(
  report: FileReport,
  name: string,
  node: YamlNode,
  choices: readonly T[],
): T | undefined {
  const value = readScalar(report, name, node, "a string");
  if (value === undefined) return undefined;
  const choice = choices.find((candidate) => candidate === value);
  if (choice !== undefined) return choice;
  const rest = typeof value === "string" ? didYouMean(value, choices) : "";
  const list = choices.map((candidate) => `\`${candidate}\``).join(", ");
  report.error("invalid-value", node.offset, `\`${name}\` must be one of ${list}, not ${valueName(value)}${rest}`);
  return undefined;
}

/** A list of texts; `orOne` accepts a single text too. Undefined when any of it is wrong. */
export function readTexts(
  report: FileReport,
  name: string,
  node: YamlNode,
  bounds: TextBounds & { readonly min: number; readonly itemsMax: number; readonly orOne: boolean },
): string[] | undefined {
  if (node.kind === "invalid") return undefined;
  if (bounds.orOne && node.kind === "scalar") {
    const text = readText(report, name, node, bounds);
    return text === undefined ? undefined : [text];
  }
  if (node.kind !== "sequence") {
    const expected = bounds.orOne ? "a string or a list of strings" : "a list of strings";
    report.error("wrong-type", node.offset, `\`${name}\` must be ${expected}, not ${typeName(node)}`);
    return undefined;
  }
  if (node.items.length < bounds.min || node.items.length > bounds.itemsMax) {
    const range = `between ${bounds.min} and ${bounds.itemsMax}`;
    report.error("invalid-value", node.offset, `\`${name}\` must have ${range} items, not ${node.items.length}`);
    return undefined;
  }
  const texts = node.items.map((item) => readText(report, name, item, bounds));
  return texts.includes(undefined) ? undefined : (texts as string[]);
}

/** Any JSON value. YAML's numbers that JSON cannot hold are refused. */
export function readJson(report: FileReport, name: string, node: YamlNode): Json | undefined {
  switch (node.kind) {
    case "invalid":
      return undefined;
    case "sequence": {
      const items = node.items.map((item) => readJson(report, name, item));
      return items.includes(undefined) ? undefined : (items as Json[]);
    }
    case "mapping": {
      const entries = node.entries.map(({ key, value }) => [key, readJson(report, name, value)] as const);
      // `fromEntries` defines own properties, so a key such as `__proto__` stays plain data.
      return entries.some(([, value]) => value === undefined) ? undefined : (Object.fromEntries(entries) as Json);
    }
    case "scalar": {
      const value = scalarValue(node);
      if (typeof value !== "number") return value;
      if (Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value))) return value;
      const problem = `a number in \`${name}\` cannot be kept exactly: put \`${node.text}\` in quotes`;
      report.error("invalid-value", node.offset, problem);
      return undefined;
    }
  }
}

/** User input inside a message: one line, of bounded length. */
export function quoted(value: string): string {
  const line = value.replace(/\s+/g, " ");
  return line.length > 80 ? `${line.slice(0, 77)}...` : line;
}

function readScalar(report: FileReport, name: string, node: YamlNode, expected: string) {
  if (node.kind === "scalar") return scalarValue(node);
  if (node.kind !== "invalid")
    report.error("wrong-type", node.offset, `\`${name}\` must be ${expected}, not ${typeName(node)}`);
  return undefined;
}

function typeName(node: YamlNode): string {
  if (node.kind === "sequence") return "a list";
  if (node.kind === "mapping") return "a mapping";
  return node.kind === "scalar" ? valueName(scalarValue(node)) : "unreadable";
}

function valueName(value: null | boolean | number | string): string {
  if (value === null) return "empty";
  if (typeof value === "string") return `\`${quoted(value)}\``;
  return `the ${typeof value} \`${value}\``;
}
