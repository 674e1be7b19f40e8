import { type DecisionRecord, EVENT_KINDS } from "../audit/index.ts";
import type { Activation } from "../model/activation.ts";
import { type Decision, EFFECTS } from "../model/decision.ts";
import { parseInstant } from "../model/instant.ts";
import { LIMITS } from "../model/limits.ts";
import { parseEvaluateRequest } from "../model/request.ts";
import { toActivation } from "../model/to-activation.ts";

/** What a line of an export is. */
export type Line =
  /** @property isWhole false when so much was redacted that the record has not the shape of one */
  | { readonly kind: "decision"; readonly record: DecisionRecord; readonly isWhole: boolean }
  /** A record of something else than a decision. */
  | { readonly kind: "event" }
  | { readonly kind: "trailer"; readonly records: unknown }
  | { readonly kind: "malformed"; readonly detail: string };

/** @param text one line, without its line feed */
export function readLine(text: string): Line {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return malformed("not JSON");
  }
  if (!isObject(value)) return malformed("not a JSON object");
  const { kind } = value;
  if (kind === "decision") {
    if (value.version !== 1) return malformed("a version that is not known");
    return readDecision(value) ?? malformed("a decision without all that belongs to one");
  }
  if (kind === "export.end") return { kind: "trailer", records: value.records };
  return KINDS.has(kind) ? { kind: "event" } : malformed("not a record");
}

const KINDS: ReadonlySet<unknown> = new Set(EVENT_KINDS);
const malformed = (detail: string) => ({ kind: "malformed", detail }) as const;

/**
 * `activationOf`, without its detour over text: what it checks again was checked before the record was written.
 * @returns undefined when the request is not one that is decided on, or nobody can tell when it was
 */
export function readActivation({ id, time, request, identity }: DecisionRecord): Activation | undefined {
  if (!clearMinusZero(request)) return undefined;
  const parsed = parseEvaluateRequest(request);
  const now = parseInstant(time);
  return parsed.ok && !Number.isNaN(now) ? toActivation(parsed.value, identity, id, now) : undefined;
}

/**
 * Rules saw zero where a request says `-0`.
 * @returns false for what is nested deeper than any request
 */
function clearMinusZero(value: object, depth = 1): boolean {
  if (depth > LIMITS.depthMax) return false;
  const members = value as Record<string, unknown>;
  for (const key in members) {
    const member = members[key];
    if (member === 0) members[key] = 0;
    else if (typeof member === "object" && member !== null && !clearMinusZero(member, depth + 1)) return false;
  }
  return true;
}

function readDecision(value: Record<string, unknown>): Line | undefined {
  const { id, time, redacted, request, identity, decision, ruled } = value;
  if (typeof id !== "string" || typeof time !== "string") return undefined;
  if (redacted !== undefined && !isTexts(redacted)) return undefined;
  const isWhole =
    isObject(request) && isIdentity(identity) && isDecision(decision) && (ruled === undefined || isDecision(ruled));
  if (!isWhole && redacted === undefined) return undefined;
  return { kind: "decision", record: value as Record<string, unknown> & DecisionRecord, isWhole };
}

function isIdentity(value: unknown): boolean {
  return isObject(value) && typeof value.name === "string" && isObject(value.attributes);
}

function isDecision(value: unknown): value is Decision {
  if (!isObject(value)) return false;
  const { decision, reason_code, rules, obligations, policy_revision } = value;
  return (
    (EFFECTS as readonly unknown[]).includes(decision) &&
    typeof reason_code === "string" &&
    isTexts(rules) &&
    Array.isArray(obligations) &&
    typeof policy_revision === "string"
  );
}

const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((item) => typeof item === "string");

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
