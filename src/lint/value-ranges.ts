import type { Node } from "../cel/ast.ts";
import { canonicalDestination } from "../model/destination.ts";
import { inputPathOf, type Scope } from "./scope.ts";
import { only, type Shape, shapeOf } from "./shapes.ts";

/** What a value can be beyond its type. */
export type ValueRange =
  | {
      readonly kind: "integers";
      readonly min: number;
      readonly max: number;
      /** Why there is nothing else, as a clause of a message. */
      readonly why: string;
    }
  | {
      readonly kind: "text";
      /** @returns why the value is never this text, undefined when it may be */
      whyNever(text: string): string | undefined;
      /** @returns why the text is in no value, undefined when it may be */
      whyNotIn(part: string): string | undefined;
    };

/** Of the parts of a destination that arrive in one spelling, texts of bounded length, and numbers with natural bounds. */
export function rangeOf(node: Node, scope: Scope<Shape | undefined> | undefined): ValueRange | undefined {
  const path = inputPathOf(node, scope);
  if (path !== undefined) {
    const range = RANGES[path.keys.join(".")];
    // A flat name is empty, or zero, where there is nothing at the path.
    return path.absent === "" && range?.kind === "text" ? orEmpty(range) : range;
  }
  if (node.kind !== "call") return undefined;
  if (node.name === "size")
    return { kind: "integers", min: 0, max: Number.MAX_SAFE_INTEGER, why: "a size is a whole number from 0" };
  const operand = node.target && shapeOf(node.target, scope);
  return operand !== undefined && only(operand) === "timestamp" ? TIME_PARTS[node.name] : undefined;
}

function integers(min: number, max: number, what: string): ValueRange {
  return { kind: "integers", min, max, why: `${what} is a whole number from ${min} to ${max}` };
}

const TIME_PARTS: Readonly<Record<string, ValueRange>> = {
  getMonth: integers(0, 11, "the month"),
  getDate: integers(1, 31, "the day of the month"),
  getDayOfMonth: integers(0, 30, "`getDayOfMonth`"),
  getDayOfWeek: integers(0, 6, "the day of the week, with 0 for Sunday,"),
  getDayOfYear: integers(0, 365, "the day of the year"),
  getHours: integers(0, 23, "the hour"),
  getMinutes: integers(0, 59, "the minute"),
  getSeconds: integers(0, 59, "the second"),
  getMilliseconds: integers(0, 999, "the millisecond"),
};

function text(
  whyNever: (text: string) => string | undefined,
  whyNotIn: (part: string) => string | undefined = () => undefined,
): ValueRange {
  return { kind: "text", whyNever, whyNotIn };
}

function orEmpty(range: Extract<ValueRange, { kind: "text" }>): ValueRange {
  return text((value) => (value === "" ? undefined : range.whyNever(value)), range.whyNotIn);
}

/** A text that has 1 to `max` characters in every request. */
function ofLength(max: number): ValueRange {
  return text((value) => {
    if (value === "") return "it is never empty";
    return value.length > max ? `it has at most ${max} characters` : undefined;
  });
}

/** A part of the destination that is brought into one spelling before rules see it. */
function canonical(part: "url" | "domain" | "ip" | "scheme", hasCase: boolean): ValueRange {
  const whyNever = (value: string) => {
    const result = canonicalDestination({ [part]: value });
    const arrives = result.ok ? result.value[part] : undefined;
    if (arrives === undefined) return "no request with it is accepted";
    return arrives === value ? undefined : `it arrives as \`${arrives}\``;
  };
  const whyNotIn = (value: string) => (/[A-Z]/.test(value) ? "it arrives in lower case" : undefined);
  return hasCase ? text(whyNever) : text(whyNever, whyNotIn);
}

const RANGES: Readonly<Record<string, ValueRange>> = {
  action_type: ofLength(64),
  action_name: ofLength(256),
  "session.id": ofLength(256),
  "destination.url": canonical("url", true),
  "destination.domain": canonical("domain", false),
  "destination.ip": canonical("ip", false),
  "destination.scheme": canonical("scheme", false),
  "destination.port": integers(0, 65_535, "a port"),
};
