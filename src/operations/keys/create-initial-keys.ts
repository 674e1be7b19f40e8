import { type ApiKey, createApiKey, hashSecret, type KeyRole } from "../../identity/index.ts";
import { recordEvent, type Service } from "../service.ts";

/** The secrets that a first start makes, by the role that they are for. */
export type InitialKeys = Readonly<Record<(typeof INITIAL_ROLES)[number], string>>;

const INITIAL_ROLES = ["admin", "agent", "gateway"] as const satisfies readonly KeyRole[];

/**
 * Where the first secrets are written for the operator, readable by the owner only. Writing has two steps, so that no
 * crash leaves keys in the store whose secrets nobody has.
 */
export interface InitialKeysFile {
  /** Durable, but not yet under its final name. Replaces what an earlier attempt left. */
  prepare(keys: InitialKeys): Promise<void>;
  /** Gives the prepared file its final name. */
  commit(): Promise<void>;
  /** Removes the prepared file, if there is one. */
  discard(): Promise<void>;
  /** What an earlier start prepared and did not finish. */
  prepared(): Promise<InitialKeys | undefined>;
}

/**
 * Makes the first keys when no key was ever stored. Of several replicas that start at once, one makes them.
 * @returns the secrets, on the start that made them
 * @throws AppError `storage_unavailable`, `audit_unavailable`, or an error of the file
 */
export async function createInitialKeys(
  service: Pick<Service, "keyStore" | "spool" | "redactor" | "clock" | "newId" | "randomSecret">,
  file: InitialKeysFile,
): Promise<InitialKeys | undefined> {
  const stored = await service.keyStore.list();
  if (stored.length > 0) return finishEarlierStart(stored, file);

  const now = service.clock.now();
  const made = INITIAL_ROLES.map((role) => ({
    role,
    ...createApiKey({
      id: service.newId(now),
      identity: { name: role, roles: [role] },
      roles: [role],
      now,
      random: service.randomSecret(),
    }),
  }));
  const secrets = Object.fromEntries(made.map(({ role, secret }) => [role, secret])) as InitialKeys;
  await file.prepare(secrets);
  for (const { key } of made) {
    const { id: key_id, prefix, identity, roles, scopes } = key;
    await recordEvent(service, "key.created", "system", { key_id, prefix, identity, roles, scopes, expires_at: null });
  }
  if (!(await service.keyStore.insertIfEmpty(made.map(({ key }) => key)))) {
    await file.discard();
    return undefined;
  }
  await file.commit();
  return secrets;
}

/** The process that stored the keys may have died before it published their secrets. */
async function finishEarlierStart(stored: readonly ApiKey[], file: InitialKeysFile): Promise<InitialKeys | undefined> {
  const prepared = await file.prepared();
  if (prepared === undefined) return undefined;
  const hashes = new Set(stored.map(({ hash }) => hash));
  if (INITIAL_ROLES.every((role) => hashes.has(hashSecret(prepared[role])))) {
    await file.commit();
    return prepared;
  }
  await file.discard();
  return undefined;
}
