import { InvalidRequest } from "./errors.ts";

/**
 * The RFC 8785 form of a value: sorted keys, no white space, numbers as ECMAScript writes them. What `undefined` is a
 * member's value of is left out, and `toJSON` is called, as `JSON.stringify` does.
 *
 * SECURITY: what `JSON.stringify` would silently write as something else (a `Map` as `{}`, NaN as `null`, a function as
 * nothing) is refused: rules would decide about other arguments than those that are used.
 * @throws InvalidRequest with the path to what has no such form
 */
export function canonicalJson(value: unknown): string {
  try {
    return write(value, 1);
  } catch (error) {
    throw error instanceof Refused ? error.toInvalidRequest() : error;
  }
}

/** The service takes 64 levels; more than this is a cycle, or would be refused there. */
const DEPTH_MAX = 256;

function write(value: unknown, depth: number): string {
  if (typeof value === "string") return quote(value);
  if (typeof value === "number") return writeNumber(value);
  if (typeof value === "boolean") return value ? "true" : "false";
  if (value === null) return "null";
  if (typeof value !== "object") throw new Refused(`${typeof value} is no JSON`);
  if (depth > DEPTH_MAX) throw new Refused("nested too deep, or in a circle");
  if (Array.isArray(value)) return writeArray(value, depth);
  if (typeof (value as { toJSON?: unknown }).toJSON === "function") return writeOwn(value, depth);
  return writeObject(value as Record<string, unknown>, depth);
}

/** What an object says of itself. A date that is none says null. */
function writeOwn(value: object, depth: number): string {
  const own = (value as { toJSON(): unknown }).toJSON();
  if (own === null) throw new Refused("an object whose `toJSON` gives null has no JSON");
  return write(own, depth + 1);
}

function writeArray(items: readonly unknown[], depth: number): string {
  let text = "[";
  let index = 0;
  try {
    // Not `map`, which leaves out what a sparse array does not have.
    for (; index < items.length; index += 1) text += (index === 0 ? "" : ",") + write(items[index], depth + 1);
  } catch (error) {
    throw below(error, index);
  }
  return `${text}]`;
}

function writeObject(object: Record<string, unknown>, depth: number): string {
  if (!isPlain(object)) throw new Refused("an object of a class has no JSON of its own; give it `toJSON`");
  let text = "";
  let key = "";
  try {
    for (key of sorted(Object.keys(object))) {
      const item = object[key];
      if (item === undefined) continue;
      text += `${text === "" ? "{" : ","}${quote(key)}:${write(item, depth + 1)}`;
    }
  } catch (error) {
    throw below(error, key);
  }
  return text === "" ? "{}" : `${text}}`;
}

/** Also of another realm (a frame, a `vm` context), whose `Object.prototype` is another one. */
function isPlain(object: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(object);
  return prototype === Object.prototype || prototype === null || Object.getPrototypeOf(prototype) === null;
}

/**
 * By UTF-16 code units, which section 3.2.3 asks for and `<` compares. Few keys are sorted by insertion: `sort` takes
 * longer to begin than that takes.
 */
function sorted(keys: string[]): string[] {
  if (keys.length > 16) return keys.sort();
  for (let end = 1; end < keys.length; end += 1) {
    const key = keys[end]!;
    let place = end;
    for (; place > 0 && keys[place - 1]! > key; place -= 1) keys[place] = keys[place - 1]!;
    keys[place] = key;
  }
  return keys;
}

/** Nothing in it is escaped. */
const ORDINARY = /^[ !#-[\]-~]*$/;
const HALF_OF_A_PAIR = /[\ud800-\udfff]/u;

function quote(text: string): string {
  if (ORDINARY.test(text)) return `"${text}"`;
  if (HALF_OF_A_PAIR.test(text)) throw new Refused("half of a surrogate pair is no text");
  return JSON.stringify(text);
}

function writeNumber(value: number): string {
  if (!Number.isFinite(value)) throw new Refused(`${value} is no JSON`);
  // Minus zero becomes "0", as section 3.2.2.3 asks for.
  return String(value);
}

/** Learns where it is on the way back, so that the way there costs nothing. */
class Refused extends Error {
  readonly #why: string;
  #pointer = "";

  constructor(why: string) {
    super();
    this.#why = why;
  }

  below(step: string | number): this {
    this.#pointer = `/${step}${this.#pointer}`;
    return this;
  }

  toInvalidRequest(): InvalidRequest {
    return new InvalidRequest(`${this.#pointer === "" ? "The request" : JSON.stringify(this.#pointer)}: ${this.#why}.`);
  }
}

const below = (error: unknown, step: string | number) => (error instanceof Refused ? error.below(step) : error);
