import { countKeysAtMost, findDuplicateKey } from "../model/duplicate-keys.ts";
import { ChangedPaths } from "./changed-paths.ts";
import { skipBlanks } from "./characters.ts";
import { matchChild, NO_MATCH, type PathMatch } from "./configured-paths.ts";
import { PAIR_NAME_KEYS } from "./detect-assignment.ts";
import { kindOfArgument } from "./list-of-arguments.ts";
import { isMarker, type MakeMarker } from "./marker.ts";
import { type SecretName, secretNameOf } from "./secret-names.ts";
import { DENSE_KIND } from "./take-members.ts";

export interface TextRedaction {
  readonly makeMarker: MakeMarker;
  /** @param name of the member that the text is the value of */
  readonly redactText: (text: string, name?: string) => string;
  /** The name of a member, without what is secret in it. */
  readonly redactKey: (key: string) => string;
  /** Without what a search from outside finds, and nothing else. @param isNumber whether it stands without quotes */
  readonly redactFound: (text: string, name: string | undefined, isNumber: boolean) => string;
}

/** A value without its secrets. Objects are made without a prototype, so that `__proto__` is a key like any other. */
export class JsonRedaction {
  readonly #changes = new ChangedPaths();
  readonly #texts: TextRedaction;
  /** How many JSON texts the value stands in. */
  readonly #level: number;

  constructor(texts: TextRedaction, level = 1) {
    this.#texts = texts;
    this.#level = level;
  }

  /** JSON pointers of what was changed, ascending, unique; empty when nothing was. */
  get pointers(): readonly string[] {
    return this.#changes.pointers;
  }

  /**
   * @param kind of everything below a secret name
   * @param mayBePair whether a list of two may be a name and its value: `[["Authorization", "..."]]`
   * @param name of the member that the value is of
   */
  visit(value: unknown, match: PathMatch, kind?: string, mayBePair = false, name?: string): unknown {
    const secret = kind ?? (match.isEnd ? "configured-path" : undefined);
    if (secret !== undefined)
      return isLarge(value) ? this.#whole(JSON.stringify(value), secret) : this.#take(value, secret);
    if (typeof value === "string") return this.#text(value, name);
    if (typeof value === "number") return this.#number(value, name);
    if (typeof value !== "object" || value === null) return value;
    return Array.isArray(value)
      ? value.map((_, index) => this.#item(value, index, match, mayBePair))
      : this.#fields(value as Record<string, unknown>, match);
  }

  /** The same value with every text and every number in it replaced. */
  #take(value: unknown, kind: string): unknown {
    if (typeof value === "string") return value === "" ? value : this.#whole(value, kind);
    if (typeof value === "number") return this.#whole(String(value), kind);
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value))
      return value.map((item, index) => this.#changes.below(String(index), () => this.#take(item, kind)));
    return this.#withCleanKeys(value, (key) => this.#take((value as Record<string, unknown>)[key], kind));
  }

  #item(items: readonly unknown[], index: number, match: PathMatch, mayBePair: boolean): unknown {
    const step = String(index);
    const kind = mayBePair && items.length === 2 ? kindOfSecond(items, index) : kindOfArgument(items, index);
    return this.#changes.below(step, () => this.visit(items[index], matchChild(match, step), kind, true));
  }

  #fields(fields: Record<string, unknown>, match: PathMatch): object {
    const pairKind = kindOfPair(fields);
    return this.#withCleanKeys(fields, (key, cleanKey) => {
      const value = fields[key];
      const named = kindOfField(secretNameOf(key) ?? secretNameOf(cleanKey), value);
      const kind = named ?? (isPairValue(key) ? pairKind : undefined);
      const visit = (given: unknown, name: string) =>
        this.visit(given, matchChild(match, key), kind, /headers?$/i.test(key), name);
      const redacted = visit(value, key);
      // INVARIANT: what stands under the clean name is left as it is the next time, too.
      return cleanKey === key ? redacted : visit(redacted, cleanKey);
    });
  }

  #withCleanKeys(fields: object, visit: (key: string, cleanKey: string) => unknown): object {
    const redacted: Record<string, unknown> = Object.create(null);
    for (const key of Object.keys(fields)) {
      const cleanKey = this.#key(key, fields, redacted);
      this.#changes.below(cleanKey, () => {
        redacted[cleanKey] = visit(key, cleanKey);
        if (cleanKey !== key) this.#changes.report();
      });
    }
    return redacted;
  }

  /** A key without its secrets; numbered where another key has become the same, which only forged markers can bring about. */
  #key(key: string, fields: object, redacted: object): string {
    const clean = this.#texts.redactKey(key);
    if (clean === key) return key;
    let unique = clean;
    for (let number = 2; Object.hasOwn(fields, unique) || Object.hasOwn(redacted, unique); number += 1)
      unique = `${clean}#${number}`;
    return unique;
  }

  #text(text: string, name: string | undefined): string {
    const redacted = this.#withoutSecrets(text, name, ROUNDS_MAX);
    if (redacted !== text) this.#changes.report();
    return redacted;
  }

  /** A JSON text is also searched as it stands: a rule from outside may be written for files, with their names and commas. */
  #withoutSecrets(text: string, name: string | undefined, rounds: number): string {
    const walked = this.#nested(text, name);
    if (walked === undefined) return this.#texts.redactText(text, name);
    const searched = this.#texts.redactFound(walked, name, false);
    if (searched === walked) return walked;
    // By now it may be another JSON text, or none.
    return rounds > 0 ? this.#withoutSecrets(searched, name, rounds - 1) : this.#texts.makeMarker(text, DENSE_KIND);
  }

  #number(value: number, name: string | undefined): unknown {
    const text = String(value);
    if (text.length < SECRET_DIGITS_MIN) return value;
    const redacted = this.#texts.redactFound(text, name, true);
    if (redacted === text) return value;
    this.#changes.report();
    return redacted;
  }

  /**
   * A text that is itself a JSON object, array or string. Undefined for any other, and for what nobody writes: nested deep, or with a
   * name twice in an object.
   */
  #nested(text: string, name: string | undefined): string | undefined {
    const value = this.#level < LEVELS_MAX ? parseNested(text) : undefined;
    if (value === undefined || isDeeperThan(value, NESTED_DEPTH_MAX)) return undefined;
    // Only one of the two would be walked over.
    if (hasTwins(text, value)) return undefined;
    const inner = new JsonRedaction(this.#texts, this.#level + 1);
    const redacted = inner.visit(value, NO_MATCH, undefined, false, name);
    return inner.pointers.length === 0 ? text : JSON.stringify(redacted);
  }

  #whole(text: string, kind: string): string {
    if (isMarker(text)) return text;
    this.#changes.report();
    return this.#texts.makeMarker(text, kind);
  }
}

/** A number with fewer is none. */
const SECRET_DIGITS_MIN = 8;

/** Of one text. Two are more than any but one made for it takes. */
const ROUNDS_MAX = 4;
/** Each level reads the text once more: the bound keeps the work linear. */
const LEVELS_MAX = 5;
/** As deep as a request may be. The walk is recursive, and nobody has checked the depth of a text. */
const NESTED_DEPTH_MAX = 64;

function parseNested(text: string): unknown {
  const first = skipBlanks(text, 0, true);
  if (!'{["'.includes(text[first] ?? " ")) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Whether an object in a JSON text has a name twice: then the value has fewer of them than the text. */
const hasTwins = (text: string, value: unknown) =>
  countKeysAtMost(text) > countKeys(value) && findDuplicateKey(text) !== undefined;

function countKeys(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  const own = Array.isArray(value) ? 0 : Object.keys(value).length;
  return Object.values(value).reduce((sum: number, child) => sum + countKeys(child), own);
}

function isDeeperThan(value: unknown, depth: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return depth === 0 || Object.values(value).some((child) => isDeeperThan(child, depth - 1));
}

/** Whether a value is replaced as one: a marker for every leaf of it would be many times longer than the value. */
function isLarge(value: unknown): boolean {
  let leaves = 0;
  const isOver = (below: unknown, depth: number): boolean => {
    const isLeaf = typeof below !== "object" || below === null;
    if (!isLeaf && depth > SECRET_DEPTH_MAX) return true;
    const children = isLeaf ? [] : Array.isArray(below) ? below : Object.values(below);
    if (children.length === 0) leaves += 1;
    return leaves > SECRET_LEAVES_MAX || children.some((child) => isOver(child, depth + 1));
  };
  return isOver(value, 1);
}

/** More than a set of credentials has. */
const SECRET_LEAVES_MAX = 16;
const SECRET_DEPTH_MAX = 8;

/** Undefined for what a secret name holds when it means something else: `"pass": 3, "fail": 1`, `"credentials": "include"`. */
function kindOfField(name: SecretName | undefined, value: unknown): string | undefined {
  if (name?.isWord === true && name.kind === "password" && typeof value === "number") return undefined;
  return name?.kind === "credentials" && CREDENTIALS_MODES.has(value) ? undefined : name?.kind;
}
/** Of a `Request` in the Fetch standard. */
const CREDENTIALS_MODES: ReadonlySet<unknown> = new Set(["include", "same-origin", "omit"]);

/** `["Authorization", "..."]`. */
function kindOfSecond(items: readonly unknown[], index: number): string | undefined {
  const name = items[index - 1];
  return typeof name === "string" && typeof items[index] !== "object" ? secretNameOf(name)?.kind : undefined;
}

/** `{"name": "Authorization", "value": "..."}`. */
function kindOfPair(fields: Record<string, unknown>): string | undefined {
  for (const key of Object.keys(fields)) {
    const name = fields[key];
    if (typeof name !== "string" || !(PAIR_NAME_KEYS as readonly string[]).includes(key.toLowerCase())) continue;
    const found = secretNameOf(name);
    if (found !== undefined) return found.kind;
  }
  return undefined;
}

const isPairValue = (key: string) => key.toLowerCase() === "value";
