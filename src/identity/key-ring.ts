import { AppError } from "../model/errors.ts";
import { hashSecret } from "./api-key.ts";
import { type ApiKey, type Caller, KEY_ROLES, type KeyStore, type Scope } from "./types.ts";

/**
 * The keys of the store, in memory, so that authentication costs a hash and a Map lookup.
 *
 * Until the first `refresh` has succeeded nobody is authenticated. When the store goes down later, the last known keys
 * stay valid; expiry is checked at every call.
 */
export interface KeyRing {
  /**
   * @param authorization the whole header value: `Bearer <secret>` (RFC 6750 section 2.1)
   * @param now epoch milliseconds
   * @throws AppError `not_ready`, `unauthenticated`, `key_expired` or `key_revoked`
   */
  authenticate(authorization: string | undefined, now: number): Caller;
  /** Whether a key is known to be revoked. @param id of the key, not its secret */
  isRevoked(id: string): boolean;
  /** Reads all keys again. On failure the keys known before stay, and the error is the caller's. */
  refresh(): Promise<void>;
  /** Takes one key's new state at once, without the store; an answer of the store that is under way does not undo it. */
  apply(key: ApiKey): void;
  readonly isReady: boolean;
}

/** Only valid keys get there; one of them, written in many ways, is what the bounds are for. */
const FOUND_MAX = 1000;
const FOUND_CHARACTERS_MAX = 64;

interface Entry {
  readonly caller: Caller;
  readonly expiresAt: number;
  readonly isRevoked: boolean;
}

export function createKeyRing(store: Pick<KeyStore, "list">): KeyRing {
  let entries: Map<string, Entry> | undefined;
  /** Header values that were found lately: finding one again costs no hash. Emptied whenever a key changes. */
  const found = new Map<string, Entry>();
  let reading = 0;
  let applied = 0;

  return {
    authenticate(authorization, now) {
      if (entries === undefined) {
        throw new AppError("not_ready", "API keys are not loaded yet; try again in a second.");
      }
      const known = found.get(authorization ?? "");
      const entry = known ?? lookUp(entries, authorization);
      if (entry === undefined) {
        throw new AppError("unauthenticated", "Send `Authorization: Bearer <API key>` with a key of this service.");
      }
      if (entry.isRevoked) throw new AppError("key_revoked", "This API key was revoked; ask for a new one.");
      if (entry.expiresAt <= now) throw new AppError("key_expired", "This API key has expired; ask for a new one.");
      if (known === undefined && found.size < FOUND_MAX && authorization!.length <= FOUND_CHARACTERS_MAX) {
        found.set(authorization!, entry);
      }
      return entry.caller;
    },
    isRevoked(id) {
      for (const { caller, isRevoked } of entries?.values() ?? []) if (caller.keyId === id) return isRevoked;
      return false;
    },
    async refresh() {
      const turn = ++reading;
      const keys = await store.list();
      // A slow answer must not undo a later one.
      if (turn < applied) return;
      applied = turn;
      found.clear();
      entries = new Map(keys.map((key) => [key.hash, entryOf(key)]));
    },
    apply(key) {
      applied = ++reading;
      found.clear();
      entries?.set(key.hash, entryOf(key));
    },
    get isReady() {
      return entries !== undefined;
    },
  };
}

/** The secret is looked up by its digest, so the comparison's timing tells nothing about a stored secret. */
function lookUp(entries: ReadonlyMap<string, Entry>, authorization: string | undefined): Entry | undefined {
  const secret = bearerToken(authorization);
  return secret === undefined ? undefined : entries.get(hashSecret(secret));
}

/** The scheme's name is case-insensitive (RFC 9110 section 11.1). */
function bearerToken(authorization: string | undefined): string | undefined {
  if (authorization === undefined || authorization.length < 8) return undefined;
  return authorization.slice(0, 7).toLowerCase() === "bearer " ? authorization.slice(7).trim() : undefined;
}

function entryOf(key: ApiKey): Entry {
  return {
    caller: {
      keyId: key.id,
      identity: Object.freeze({ ...key.identity, attributes: Object.freeze({}) }),
      scopes: scopesOf(key),
    },
    expiresAt: key.expiresAt ?? Number.POSITIVE_INFINITY,
    isRevoked: key.revokedAt !== undefined,
  };
}

/** What a key may do: its roles' scopes and its own together. */
export function scopesOf(key: Pick<ApiKey, "roles" | "scopes">): ReadonlySet<Scope> {
  return new Set<Scope>([...key.roles.flatMap((role): readonly Scope[] => KEY_ROLES[role]), ...key.scopes]);
}
