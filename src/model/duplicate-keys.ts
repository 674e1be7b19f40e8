import { escapePointer } from "./json-pointer.ts";

/**
 * The JSON pointer of the first key that an object holds twice, in a text that `JSON.parse` has accepted.
 *
 * SECURITY: parsers differ in which of the two they keep (RFC 8259 section 4), so what is decided on might not be what is
 * done.
 */
export function findDuplicateKey(text: string): string | undefined {
  const scopes: Scope[] = [];
  for (const { 0: token } of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],:]/gs)) {
    const scope = scopes.at(-1);
    if (token === "{") scopes.push({ keys: new Set(), key: "", isKeyNext: true, index: 0 });
    else if (token === "[") scopes.push({ keys: undefined, key: "", isKeyNext: false, index: 0 });
    else if (token === "}" || token === "]") scopes.pop();
    else if (scope === undefined) continue;
    else if (token === ",") {
      scope.index += 1;
      scope.isKeyNext = scope.keys !== undefined;
    } else if (token !== ":" && scope.isKeyNext && scope.keys !== undefined) {
      scope.key = JSON.parse(token) as string;
      scope.isKeyNext = false;
      if (scope.keys.has(scope.key)) return scopes.map(step).join("");
      scope.keys.add(scope.key);
    }
  }
  return undefined;
}

interface Scope {
  /** Of an object; an array has none. */
  readonly keys: Set<string> | undefined;
  key: string;
  isKeyNext: boolean;
  index: number;
}

const step = ({ keys, key, index }: Scope) => `/${keys === undefined ? index : escapePointer(key)}`;

/** How many keys a text can hold at most: a colon behind a quote, in a string or not. */
export function countKeysAtMost(text: string): number {
  let count = 0;
  for (let at = text.indexOf(":"); at !== -1; at = text.indexOf(":", at + 1)) {
    let before = at - 1;
    while (WHITE.has(text.charCodeAt(before))) before -= 1;
    if (text.charCodeAt(before) === QUOTE) count += 1;
  }
  return count;
}

const QUOTE = 0x22;
/** RFC 8259 section 2. */
const WHITE: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d]);
