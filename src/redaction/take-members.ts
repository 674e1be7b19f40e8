import { ChangedPaths } from "./changed-paths.ts";
import type { MakeMarker } from "./marker.ts";
import type { Redaction } from "./types.ts";

/**
 * Replaces every member of `value` that redaction changed by one marker.
 *
 * @param redacted what redaction made of `value`: the same members in the same order, under keys without secrets
 * @returns undefined for what has no members
 */
export function takeMembers(value: unknown, redacted: unknown, makeMarker: MakeMarker): Redaction | undefined {
  if (typeof value !== "object" || value === null || typeof redacted !== "object" || redacted === null)
    return undefined;
  const changes = new ChangedPaths();
  const sources = Object.entries(value);
  const members = Object.entries(redacted).map(([key, member], index): [string, unknown] => {
    const [name, original] = sources[index]!;
    const source = JSON.stringify(original);
    const isSame = source === JSON.stringify(member);
    if (!isSame || key !== name) changes.below(key, () => changes.report());
    return [key, isSame ? member : makeMarker(source, DENSE_KIND)];
  });
  const taken = Array.isArray(value) ? members.map(([, member]) => member) : withoutPrototype(members);
  return { json: JSON.stringify(taken), pointers: changes.pointers };
}

/** The kind of what holds too many secrets to mark each of them. */
export const DENSE_KIND = "dense";

const withoutPrototype = (members: readonly (readonly [string, unknown])[]) => {
  const object: Record<string, unknown> = Object.create(null);
  for (const [key, member] of members) object[key] = member;
  return object;
};
