import { KEY_ROLES, type KeyRole, SCOPES, type Scope } from "../identity/index.ts";
import type { KeyView } from "../operations/keys/manage-keys.ts";

/** A key as the HTTP interface writes it; `key` is the secret, there once. */
export interface KeyJson {
  readonly key?: string;
  readonly id: string;
  readonly prefix: string;
  readonly identity: KeyView["identity"];
  readonly roles: readonly string[];
  readonly scopes: readonly string[];
  readonly created_at: string;
  readonly expires_at: string | null;
  readonly revoked_at: string | null;
}

export function toKeyJson(key: KeyView): KeyJson {
  return {
    id: key.id,
    prefix: key.prefix,
    identity: key.identity,
    roles: key.roles,
    scopes: key.scopes,
    created_at: timeText(key.createdAt),
    expires_at: key.expiresAt === undefined ? null : timeText(key.expiresAt),
    revoked_at: key.revokedAt === undefined ? null : timeText(key.revokedAt),
  };
}

/** @returns undefined when the value is not a key */
export function parseKeyJson(value: unknown): KeyView | undefined {
  if (!isObject(value)) return undefined;
  const { id, prefix, identity, roles, scopes } = value;
  const [createdAt, expiresAt, revokedAt] = [value.created_at, value.expires_at, value.revoked_at].map(timeOf);
  if (typeof id !== "string" || typeof prefix !== "string" || typeof createdAt !== "number") return undefined;
  if (expiresAt === undefined || revokedAt === undefined) return undefined;
  if (!isIdentity(identity) || !isTexts(roles) || !isTexts(scopes)) return undefined;
  return {
    id,
    prefix,
    identity,
    // A newer service may know more of them; this program cannot do anything with those.
    roles: roles.filter((role): role is KeyRole => Object.hasOwn(KEY_ROLES, role)),
    scopes: scopes.filter((scope): scope is Scope => (SCOPES as readonly string[]).includes(scope)),
    createdAt,
    ...(expiresAt === null ? undefined : { expiresAt }),
    ...(revokedAt === null ? undefined : { revokedAt }),
  };
}

export const timeText = (time: number) => new Date(time).toISOString();

/** undefined is none of what it may be. */
function timeOf(value: unknown): number | null | undefined {
  if (value === null) return null;
  const time = typeof value === "string" ? Date.parse(value) : Number.NaN;
  return Number.isNaN(time) ? undefined : time;
}

function isIdentity(value: unknown): value is KeyView["identity"] {
  if (!isObject(value) || typeof value.name !== "string" || !isTexts(value.roles)) return false;
  return value.tenant === undefined || typeof value.tenant === "string";
}

const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((item) => typeof item === "string");

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
