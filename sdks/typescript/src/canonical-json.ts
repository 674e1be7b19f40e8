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
  return write(value, "", 1);
}

/** The service takes 64 levels; more than this is a cycle, or would be refused there. */
const DEPTH_MAX = 256;

function write(value: unknown, path: string, depth: number): string {
  if (typeof value === "string") return quote(value, path);
  if (typeof value === "number") return writeNumber(value, path);
  if (typeof value === "boolean") return value ? "true" : "false";
  if (value === null) return "null";
  if (typeof value !== "object") throw refuse(path, `a ${typeof value} is no JSON`);
  if (depth > DEPTH_MAX) throw refuse(path, "nested too deep, or in a circle");
  if (Array.isArray(value)) return writeArray(value, path, depth);
  if (typeof (value as { toJSON?: unknown }).toJSON === "function")
    return write((value as { toJSON(): unknown }).toJSON(), path, depth + 1);
  return writeObject(value as Record<string, unknown>, path, depth);
}

function writeArray(items: readonly unknown[], path: string, depth: number): string {
  let text = "[";
  // Not `map`, which leaves out what a sparse array does not have.
  for (let index = 0; index < items.length; index += 1) {
    if (index > 0) text += ",";
    text += write(items[index], `${path}/${index}`, depth + 1);
  }
  return `${text}]`;
}

function writeObject(object: Record<string, unknown>, path: string, depth: number): string {
  if (!isPlain(object)) throw refuse(path, "an object of a class has no JSON of its own; give it `toJSON`");
  let text = "{";
  // The default order is that of UTF-16 code units, which section 3.2.3 asks for.
  for (const key of Object.keys(object).sort()) {
    const item = object[key];
    if (item === undefined) continue;
    text += text === "{" ? quote(key, path) : `,${quote(key, path)}`;
    text += `:${write(item, `${path}/${key}`, depth + 1)}`;
  }
  return `${text}}`;
}

/** Also of another realm (a frame, a `vm` context), whose `Object.prototype` is another one. */
function isPlain(object: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(object);
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null;
}

/** Nothing in it is escaped. */
const ORDINARY = /^[ !#-[\]-~]*$/;
const HALF_OF_A_PAIR = /[\ud800-\udfff]/u;

function quote(text: string, path: string): string {
  if (ORDINARY.test(text)) return `"${text}"`;
  if (HALF_OF_A_PAIR.test(text)) throw refuse(path, "half of a surrogate pair is no text");
  return JSON.stringify(text);
}

function writeNumber(value: number, path: string): string {
  if (!Number.isFinite(value)) throw refuse(path, `${value} is no JSON`);
  // Minus zero becomes "0", as section 3.2.2.3 asks for.
  return String(value);
}

const refuse = (path: string, why: string) =>
  new InvalidRequest(`${path === "" ? "the request" : JSON.stringify(path)}: ${why}`);
