import { fileURLToPath } from "node:url";
import { sql } from "drizzle-orm";
import { readMigrationFiles } from "drizzle-orm/migrator";
import type { Drizzle } from "./database.ts";

/** SQL files for `schema.ts`, from drizzle-kit or by hand; the build copies them beside the compiled code. */
const MIGRATIONS_FOLDER = fileURLToPath(new URL("./migrations/", import.meta.url));

/** Any constant that no other program locks on the same database: "verdict" in ASCII. */
const ADVISORY_LOCK = "33325589237162868";

/** Drizzle's own runner takes this, but its types keep it internal. */
interface Migrator {
  readonly dialect: {
    migrate(migrations: unknown, session: unknown, config: { migrationsFolder: string }): Promise<void>;
  };
  readonly session: unknown;
}

/** Applies the migrations that are missing. `db` must be alone: no other process or connection migrates meanwhile. */
export async function applyMigrations(db: Drizzle): Promise<void> {
  const config = { migrationsFolder: MIGRATIONS_FOLDER };
  const { dialect, session } = db as unknown as Migrator;
  await dialect.migrate(readMigrationFiles(config), session, config);
}

/**
 * The same for a database that several replicas may open at once: they queue up on an advisory lock.
 * @param db on one single connection; closing that releases the lock
 */
export async function applyMigrationsInTurn(db: Drizzle): Promise<void> {
  await db.execute(sql`select pg_advisory_lock(${ADVISORY_LOCK}::bigint)`);
  await applyMigrations(db);
  await db.execute(sql`select pg_advisory_unlock(${ADVISORY_LOCK}::bigint)`);
}
