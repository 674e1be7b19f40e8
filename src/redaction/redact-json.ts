import { escapePointer } from "../model/json-pointer.ts";
import { matchChild, type PathMatch } from "./configured-paths.ts";
import { PAIR_NAME_KEYS } from "./detect-assignment.ts";
import { isMarker, type MakeMarker } from "./marker.ts";
import { secretNameOf } from "./secret-names.ts";

/** A value without its secrets. Objects are made without a prototype, so that `__proto__` is a key like any other. */
export class JsonRedaction {
  readonly pointers = new Set<string>();
  /** The way to the value that is looked at; a pointer is made of it only where something changes. */
  readonly #path: string[] = [];
  readonly #makeMarker: MakeMarker;
  readonly #redactText: (text: string) => string;

  constructor(makeMarker: MakeMarker, redactText: (text: string) => string) {
    this.#makeMarker = makeMarker;
    this.#redactText = redactText;
  }

  /** @param kind of everything below a secret name or a configured path */
  visit(value: unknown, match: PathMatch, kind?: string): unknown {
    const inherited = kind ?? (match.isEnd ? "configured-path" : undefined);
    if (typeof value === "string") return this.#text(value, inherited);
    if (typeof value === "number" && inherited !== undefined) return this.#whole(String(value), inherited);
    if (typeof value !== "object" || value === null) return value;
    return Array.isArray(value)
      ? this.#items(value, match, inherited)
      : this.#fields(value as Record<string, unknown>, match, inherited);
  }

  #below(step: string, value: unknown, match: PathMatch, kind: string | undefined): unknown {
    this.#path.push(step);
    const redacted = this.visit(value, match, kind);
    this.#path.pop();
    return redacted;
  }

  /** Notes that the value at the path, or at `steps` below it, was changed. */
  #report(...steps: readonly string[]): void {
    this.pointers.add([...this.#path, ...steps].map((step) => `/${escapePointer(step)}`).join(""));
  }

  #items(items: readonly unknown[], match: PathMatch, kind?: string): unknown[] {
    return items.map((item, index) => {
      const step = String(index);
      return this.#below(step, item, matchChild(match, step), kind ?? kindOfItem(items, index));
    });
  }

  #fields(fields: Record<string, unknown>, match: PathMatch, kind?: string): object {
    const redacted: Record<string, unknown> = Object.create(null);
    const pairKind = kind ?? kindOfPair(fields);
    for (const key of Object.keys(fields)) {
      const cleanKey = this.#key(key, fields, redacted);
      const named = (secretNameOf(key) ?? secretNameOf(cleanKey))?.kind;
      const inherited = kind ?? named ?? (isPairValue(key) ? pairKind : undefined);
      redacted[cleanKey] = this.#below(cleanKey, fields[key], matchChild(match, key), inherited);
      if (cleanKey !== key) this.#report(cleanKey);
    }
    return redacted;
  }

  /** A key without its secrets; numbered where another key has become the same, which only forged markers can bring about. */
  #key(key: string, fields: object, redacted: object): string {
    const clean = this.#redactText(key);
    if (clean === key) return key;
    let unique = clean;
    for (let number = 2; Object.hasOwn(fields, unique) || Object.hasOwn(redacted, unique); number += 1)
      unique = `${clean}#${number}`;
    return unique;
  }

  #text(text: string, kind: string | undefined): string {
    if (text === "") return text;
    if (kind !== undefined) return this.#whole(text, kind);
    const redacted = this.#redactText(text);
    if (redacted !== text) this.#report();
    return redacted;
  }

  #whole(text: string, kind: string): string {
    if (isMarker(text)) return text;
    this.#report();
    return this.#makeMarker(text, kind);
  }
}

/** `["Authorization", "..."]`, and an option in a list of arguments: `["login", "--password", "..."]`. */
function kindOfItem(items: readonly unknown[], index: number): string | undefined {
  const name = items[index - 1];
  if (typeof name !== "string" || typeof items[index] === "object") return undefined;
  if (items.length === 2) return secretNameOf(name)?.kind;
  if (USER_OPTIONS.has(name)) return isUserOfCurl(items[0], items[index]) ? "password" : undefined;
  return name.startsWith("-") && !String(items[index]).startsWith("-") ? secretNameOf(name)?.kind : undefined;
}

const USER_OPTIONS: ReadonlySet<string> = new Set(["-u", "--user", "--proxy-user"]);
const isUserOfCurl = (program: unknown, user: unknown) =>
  typeof program === "string" && program.endsWith("curl") && String(user).includes(":");

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
