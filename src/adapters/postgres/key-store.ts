import { asc, eq, sql } from "drizzle-orm";
import type { ApiKey, KeyStore } from "../../identity/types.ts";
import { AppError } from "../../model/errors.ts";
import type { RunOnDatabase } from "./database.ts";
import { isStorableText } from "./filter-text.ts";
import { apiKeys } from "./schema.ts";
import { faultCode, UNIQUE_VIOLATION } from "./storage-fault.ts";

type Row = typeof apiKeys.$inferSelect;

export function createDrizzleKeyStore(run: RunOnDatabase): KeyStore {
  return {
    async list() {
      const rows = await run((db) => db.select().from(apiKeys).orderBy(asc(apiKeys.id)));
      return rows.map(toKey);
    },
    async insert(key) {
      await run(async (db) => {
        try {
          await db.insert(apiKeys).values(toRow(key));
        } catch (error) {
          if (faultCode(error) !== UNIQUE_VIOLATION) throw error;
          throw new AppError("conflict", "a key with this id or hash already exists");
        }
      });
    },
    async insertIfEmpty(keys) {
      return run((db) =>
        db.transaction(async (tx) => {
          // Conflicts with itself and with writers, not with readers: of several starting replicas one passes at a time.
          await tx.execute(sql`lock table ${apiKeys} in share row exclusive mode`);
          const existing = await tx.select({ id: apiKeys.id }).from(apiKeys).limit(1);
          if (existing.length > 0) return false;
          if (keys.length > 0) await tx.insert(apiKeys).values(keys.map(toRow));
          return true;
        }),
      );
    },
    async revoke(id, at) {
      if (!isStorableText(id)) return undefined;
      const revokedAt = sql`coalesce(${apiKeys.revokedAt}, ${new Date(at).toISOString()}::timestamptz)`;
      const rows = await run((db) => db.update(apiKeys).set({ revokedAt }).where(eq(apiKeys.id, id)).returning());
      return rows[0] === undefined ? undefined : toKey(rows[0]);
    },
  };
}

function toRow(key: ApiKey): Row {
  return {
    id: key.id,
    prefix: key.prefix,
    hash: key.hash,
    identity: key.identity,
    roles: [...key.roles],
    scopes: [...key.scopes],
    createdAt: new Date(key.createdAt),
    expiresAt: key.expiresAt === undefined ? null : new Date(key.expiresAt),
    revokedAt: key.revokedAt === undefined ? null : new Date(key.revokedAt),
  };
}

function toKey(row: Row): ApiKey {
  return {
    id: row.id,
    prefix: row.prefix,
    hash: row.hash,
    identity: row.identity,
    roles: row.roles,
    scopes: row.scopes,
    createdAt: row.createdAt.getTime(),
    ...(row.expiresAt === null ? {} : { expiresAt: row.expiresAt.getTime() }),
    ...(row.revokedAt === null ? {} : { revokedAt: row.revokedAt.getTime() }),
  };
}
