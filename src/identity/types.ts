import type { Identity } from "../model/activation.ts";

/** What a key may do. Routes and operations ask for scopes, never for roles. */
export const SCOPES = [
  "evaluate",
  "evaluate:as",
  "dry-run",
  "approvals:read",
  "approvals:resolve",
  "audit:read",
  "rules:read",
  "rules:write",
  "keys:write",
  "webhooks:write",
] as const;
export type Scope = (typeof SCOPES)[number];

/** Bundles of scopes, named for who holds such a key. A key's scopes are its roles' and its own together. */
export const KEY_ROLES = {
  agent: ["evaluate"],
  gateway: ["evaluate", "evaluate:as"],
  ci: ["dry-run", "rules:read"],
  approver: ["approvals:read", "approvals:resolve"],
  auditor: ["audit:read", "rules:read"],
  admin: SCOPES,
} as const satisfies Record<string, readonly Scope[]>;
export type KeyRole = keyof typeof KEY_ROLES;

/** A stored API key. The secret itself exists only in the answer that created it. Times are epoch milliseconds. */
export interface ApiKey {
  /** UUIDv7. */
  readonly id: string;
  /** The first characters of the secret, for people to tell keys apart; useless for authentication. */
  readonly prefix: string;
  /** Lower-case hex SHA-256 of the whole secret. Secrets have 256 bits of entropy, so no salt or stretching. */
  readonly hash: string;
  /** The identity that the key speaks for, and what rules see as `identity`. */
  readonly identity: { readonly name: string; readonly roles: readonly string[]; readonly tenant?: string };
  readonly roles: readonly KeyRole[];
  readonly scopes: readonly Scope[];
  readonly createdAt: number;
  readonly expiresAt?: number;
  readonly revokedAt?: number;
}

/**
 * Where keys are kept.
 * - `insert` of an id or hash that exists is a `conflict` AppError.
 * - `insertIfEmpty` inserts all or none, and only when no key was ever stored; of several callers at once one gets true.
 * - `revoke` is idempotent: the first call's time stays. It gives undefined for an unknown id.
 * - `list` gives every key, revoked and expired ones too, ascending by id.
 * - Ids and hashes are compared byte by byte.
 * @throws UnavailableError `storage_unavailable` from every method when the database does not answer
 */
export interface KeyStore {
  list(): Promise<ApiKey[]>;
  insert(key: ApiKey): Promise<void>;
  insertIfEmpty(keys: readonly ApiKey[]): Promise<boolean>;
  revoke(id: string, at: number): Promise<ApiKey | undefined>;
}

/**
 * Tells the other replicas that keys changed. Lossy by contract: a listener also polls.
 * `publish` never throws; a message that could not be sent is what polling is for.
 */
export interface KeyChanges {
  publish(): Promise<void>;
  /** @returns a function that stops listening */
  subscribe(listener: () => void): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

/** Who is calling, as proven by the credential. */
export interface Caller {
  readonly keyId: string;
  /** The key's own identity as rules see it: one object for all requests of the key. */
  readonly identity: Identity;
  readonly scopes: ReadonlySet<Scope>;
}
