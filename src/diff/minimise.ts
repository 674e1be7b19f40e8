import { DEFAULT_NOW } from "../fixtures/activation-of-request.ts";
import type { Json, JsonObject } from "../model/activation.ts";
import { type Candidate, candidateOf } from "./candidate.ts";

const ROUNDS_MAX = 4;

/**
 * The same candidate without all that can be left out one by one, and with whole numbers where they do, while `isStill` says
 * yes.
 */
export function minimise(candidate: Candidate, isStill: (candidate: Candidate) => boolean): Candidate {
  let best = candidate;
  const consider = (smaller: Candidate | undefined) => {
    if (smaller !== undefined && isStill(smaller)) best = smaller;
  };
  consider(candidateOf(best.request, DEFAULT_NOW));
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const before = best;
    // What is changed is below the request, so an object stays.
    for (const path of removable(best.request))
      consider(candidateOf(changed(best.request, path, () => undefined) as JsonObject | undefined, best.now));
    for (const path of removable(best.request).filter((at) => isFraction(valueAt(best.request, at))))
      for (const round of [Math.round, Math.floor, Math.ceil])
        consider(candidateOf(changed(best.request, path, (value) => round(Number(value))) as JsonObject, best.now));
    if (best === before) break;
  }
  return best;
}

const isFraction = (value: Json | undefined) => typeof value === "number" && !Number.isInteger(value);

type Path = readonly (string | number)[];

/** Fields from the outside in; members of lists from behind, so that those before them keep their places. */
function removable(request: JsonObject): Path[] {
  const { identity, ...rest } = request;
  const { name: _, roles = [], ...others } = (identity ?? {}) as JsonObject;
  const optional = Object.keys(rest).filter((field) => field !== "action_type" && field !== "action_name");
  return [
    ...optional.flatMap((field) => pathsBelow(rest[field]!, [field])),
    ...Object.keys(others).flatMap((field) => pathsBelow(others[field]!, ["identity", field])),
    ...pathsBelow(roles, ["identity", "roles"]).slice(1),
  ];
}

function pathsBelow(value: Json, path: Path): Path[] {
  if (typeof value !== "object" || value === null) return [path];
  const keys = Array.isArray(value) ? [...value.keys()].reverse() : Object.keys(value);
  return [path, ...keys.flatMap((key) => pathsBelow((value as Record<string | number, Json>)[key]!, [...path, key]))];
}

function valueAt(value: Json | undefined, path: Path): Json | undefined {
  return path.reduce<Json | undefined>((at, key) => (at as Record<string | number, Json> | undefined)?.[key], value);
}

/**
 * A copy with something else at the path, or without it.
 * @returns undefined when there is nothing there any more
 */
function changed(value: Json, [first, ...rest]: Path, make: (value: Json) => Json | undefined): Json | undefined {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, first!)) return undefined;
  const held = (value as Record<string | number, Json>)[first!]!;
  const inner = rest.length === 0 ? make(held) : changed(held, rest, make);
  if (rest.length > 0 && inner === undefined) return undefined;
  if (Array.isArray(value))
    return inner === undefined ? value.toSpliced(Number(first), 1) : value.with(Number(first), inner);
  const entries = Object.entries(value).flatMap(([key, member]) =>
    key !== first ? [[key, member] as const] : inner === undefined ? [] : [[key, inner] as const],
  );
  return Object.fromEntries(entries);
}
