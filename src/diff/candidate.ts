import { isInput } from "../cel/environment.ts";
import { activationOfRequest, DEFAULT_NOW } from "../fixtures/activation-of-request.ts";
import type { Activation, JsonObject } from "../model/activation.ts";
import { type InputPath, pathKey } from "./input-path.ts";

/** Stands for: there is nothing at the path. */
export const ABSENT: unique symbol = Symbol("absent");

/** A JSON value, `ABSENT`, or epoch milliseconds for `now`. */
export type Value = unknown;

/** Equal for equal values. */
export const valueKey = (value: Value): string => (value === ABSENT ? "absent" : JSON.stringify(value));

/** What is at some input paths; the rest is as in `BASE`. */
export type Assignment = ReadonlyMap<string, { readonly path: InputPath; readonly value: Value }>;

/** One request to decide, as a fixture would have it. */
export interface Candidate {
  readonly request: JsonObject;
  /** Epoch milliseconds. */
  readonly now: number;
  readonly activation: Activation;
}

export function assigned(assignment: Assignment, path: InputPath, value: Value): Assignment {
  return new Map(assignment).set(pathKey(path), { path, value });
}

/** @returns undefined when the values cannot be in one request, or in none */
export function toCandidate(assignment: Assignment): Candidate | undefined {
  const root: Container = {};
  const shortestFirst = [...assignment.values()].sort((a, b) => a.path.length - b.path.length);
  for (const { path, value } of shortestFirst) if (!put(root, path, value)) return undefined;
  return candidateOf(requestOf(root), nowOf(root));
}

export function candidateOf(request: JsonObject | undefined, now: number): Candidate | undefined {
  const parsed = request && activationOfRequest(request, undefined, now);
  return parsed?.ok ? { request: request!, now, activation: parsed.value } : undefined;
}

/** The same request as values at paths, so that it can be varied. */
export function assignmentOf({ request, now }: Candidate): Assignment {
  const { identity, session_id, ...rest } = request;
  const members = Object.entries((identity ?? {}) as JsonObject).map(
    ([key, value]) => [["identity", key], value] as const,
  );
  const inputs = Object.entries(rest)
    .filter(([key]) => isInput(key))
    .map(([key, value]) => [[key], value] as const);
  const session = session_id === undefined ? [] : [[["session", "id"], session_id] as const];
  return new Map(
    [...inputs, ...members, ...session, [["now"], now] as const].map(([path, value]) => [
      pathKey(path),
      { path, value },
    ]),
  );
}

type Container = Record<string | number, unknown>;

/** @returns false where something else than a container is in the way */
function put(root: Container, path: InputPath, value: Value): boolean {
  let holder = root;
  for (let at = 0; at < path.length - 1; at += 1) {
    const key = path[at]!;
    if (!canHave(holder, key)) return false;
    if (!Object.hasOwn(holder, key)) {
      if (value === ABSENT) return true;
      holder[key] = typeof path[at + 1] === "number" ? [] : {};
    }
    const next = holder[key];
    if (typeof next !== "object" || next === null) return value === ABSENT;
    holder = next as Container;
  }
  const last = path[path.length - 1]!;
  if (value === ABSENT) takeAway(holder, last);
  else if (!canHave(holder, last)) return false;
  else putInto(holder, last, value);
  return true;
}

function takeAway(holder: Container, key: string | number): void {
  if (!Array.isArray(holder)) delete holder[key];
  else if (typeof key === "number") holder.splice(key);
}

function putInto(holder: Container, key: string | number, value: Value): void {
  if (Array.isArray(holder)) while (holder.length < Number(key)) holder.push("x");
  // `__proto__` is a key like any other.
  const own = { enumerable: true, configurable: true, writable: true };
  Object.defineProperty(holder, key, { value: structuredClone(value), ...own });
}

const canHave = (holder: Container, key: string | number) => Array.isArray(holder) === (typeof key === "number");

/** Who asks, and for what, where nothing else is said. */
const BASE = { action_type: "tool_call", action_name: "act", name: "agent" } as const;

function requestOf({
  action_type,
  action_name,
  arguments: args,
  destination,
  identity,
  session,
  context,
  request,
}: Container) {
  // The id of a request is nobody's choice.
  if ((request as Container | undefined)?.id !== undefined) return undefined;
  const { name = BASE.name, roles = [], ...rest } = (identity ?? {}) as Container;
  const session_id = (session as Container | undefined)?.id;
  return {
    action_type: action_type ?? BASE.action_type,
    action_name: action_name ?? BASE.action_name,
    ...(args === undefined ? undefined : { arguments: args }),
    ...(destination === undefined ? undefined : { destination }),
    identity: { name, roles, ...rest },
    ...(session_id === undefined ? undefined : { session_id }),
    ...(context === undefined ? undefined : { context }),
  } as unknown as JsonObject;
}

function nowOf({ now, request }: Container): number {
  const time = now ?? (request as Container | undefined)?.time;
  return typeof time === "number" ? time : DEFAULT_NOW;
}
