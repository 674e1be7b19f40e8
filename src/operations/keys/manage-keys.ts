import {
  type ApiKey,
  assertScope,
  type Caller,
  createApiKey,
  type KeyStore,
  type NewApiKey,
  scopesOf,
} from "../../identity/index.ts";
import { AppError } from "../../model/errors.ts";
import { isUuid } from "../../model/uuid.ts";
import { recordEvent, type Service } from "../service.ts";

/** What managing keys needs of the service. */
export type KeyService = Pick<
  Service,
  "keyStore" | "keyRing" | "keyChanges" | "spool" | "redactor" | "clock" | "newId" | "randomSecret"
>;

/** A key as people see it. */
export type KeyView = Omit<ApiKey, "hash">;

/** All keys, ascending by id; without their hashes. @throws AppError `insufficient_scope`, `storage_unavailable` */
export async function listKeys(service: KeyService, caller: Caller): Promise<KeyView[]> {
  assertScope(caller, "keys:write");
  return (await service.keyStore.list()).map(withoutHash);
}

/**
 * Makes a key. The secret is in the answer and nowhere else.
 * @throws AppError `insufficient_scope`, `invalid_request`, `audit_unavailable`, `storage_unavailable`
 */
export async function createKey(
  service: KeyService,
  caller: Caller,
  input: Pick<NewApiKey, "identity" | "roles" | "scopes" | "expiresAt">,
): Promise<{ readonly key: KeyView; readonly secret: string }> {
  assertScope(caller, "keys:write");
  const now = service.clock.now();
  if (input.expiresAt !== undefined && input.expiresAt <= now) {
    throw new AppError("invalid_request", "A key cannot expire before it exists.", {
      faults: [{ pointer: "/expires_at", detail: "is in the past" }],
    });
  }
  const { key, secret } = createApiKey({ ...input, id: service.newId(now), now, random: service.randomSecret() });
  if (scopesOf(key).size === 0) {
    throw new AppError("invalid_request", "A key needs at least one role or scope.", {
      faults: [{ pointer: "/roles", detail: "name a role, or give `scopes`" }],
    });
  }
  const excess = [...scopesOf(key)].filter((scope) => !caller.scopes.has(scope));
  if (excess.length > 0) {
    throw new AppError(
      "insufficient_scope",
      `A key can only be given scopes that yours has; it lacks ${excess.join(", ")}.`,
    );
  }
  // Recorded first: a key that the log does not know must not exist.
  await recordEvent(service, "key.created", caller.keyId, describe(key));
  await service.keyStore.insert(key);
  await announce(service, key);
  return { key: withoutHash(key), secret };
}

/**
 * Ends a key at once on this replica, and on the others as soon as they hear of it. Idempotent.
 * @throws AppError `insufficient_scope`, `not_found`, `conflict` (the last key that can manage keys), `audit_unavailable`,
 * `storage_unavailable`
 */
export async function revokeKey(service: KeyService, caller: Caller, id: string): Promise<KeyView> {
  assertScope(caller, "keys:write");
  return inTurn(service.keyStore, () => revokeInTurn(service, caller, id));
}

async function revokeInTurn(service: KeyService, caller: Caller, id: string): Promise<KeyView> {
  const now = service.clock.now();
  const keys = await service.keyStore.list();
  const key = keys.find((candidate) => isUuid(id) && candidate.id === id);
  if (key === undefined) throw new AppError("not_found", "There is no key with this id.");
  if (key.revokedAt !== undefined) {
    await announce(service, key);
    return withoutHash(key);
  }
  if (isLastManager(key, keys, now)) {
    throw new AppError("conflict", "This is the last key that can manage keys; create another one first.");
  }
  await recordEvent(service, "key.revoked", caller.keyId, describe(key));
  const revoked = (await service.keyStore.revoke(id, now)) ?? { ...key, revokedAt: now };
  await announce(service, revoked);
  return withoutHash(revoked);
}

/** Whether nobody who may manage keys would be left, now or once what is left has expired. */
function isLastManager(key: ApiKey, keys: readonly ApiKey[], now: number): boolean {
  const isManager = (candidate: ApiKey) => isActive(candidate, now) && scopesOf(candidate).has("keys:write");
  const outlives = ({ expiresAt }: ApiKey) =>
    expiresAt === undefined || (key.expiresAt !== undefined && expiresAt >= key.expiresAt);
  return isManager(key) && !keys.some((other) => other !== key && isManager(other) && outlives(other));
}

const turns = new WeakMap<KeyStore, Promise<unknown>>();

/** One after the other, so that two managers cannot revoke each other at the same moment. */
function inTurn<T>(store: KeyStore, run: () => Promise<T>): Promise<T> {
  const turn = (turns.get(store) ?? Promise.resolve()).then(run);
  turns.set(
    store,
    turn.catch(() => undefined),
  );
  return turn;
}

const isActive = (key: ApiKey, now: number) =>
  key.revokedAt === undefined && (key.expiresAt === undefined || key.expiresAt > now);

async function announce(service: KeyService, key: ApiKey): Promise<void> {
  service.keyRing.apply(key);
  await service.keyChanges.publish();
}

/** What the audit log keeps of a key: nothing that helps to guess it. */
const describe = (key: ApiKey) => ({
  key_id: key.id,
  prefix: key.prefix,
  identity: key.identity,
  roles: key.roles,
  scopes: key.scopes,
  expires_at: key.expiresAt ?? null,
});

function withoutHash({ hash: _, ...key }: ApiKey): KeyView {
  return key;
}
