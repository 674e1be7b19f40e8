import { mkdirSync, writeFileSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import { addPartitions } from "../postgres/add-partitions.ts";
import { idsOfComingMonths } from "../postgres/audit-months.ts";
import { applyMigrations } from "../postgres/migrate.ts";
import { openPglite } from "./pglite-client.ts";
import { readTar } from "./tar.ts";

/**
 * Writes a compressed archive of an empty database with all migrations applied. Making a database takes seconds and much
 * memory; unpacking one takes neither. A partition takes a fifth of a second, so those of this month and the next are in it
 * as well; later ones are added by the first record that needs them. The build calls this.
 */
export async function writeSeedImage(path: string): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), "verdict-seed-"));
  try {
    const { client, db } = await openPglite(join(work, "database"));
    await applyMigrations(db);
    await addPartitions(db, idsOfComingMonths(Date.now()));
    const archive = await client.dumpDataDir("none");
    await client.close();
    const packed = await promisify(gzip)(Buffer.from(await archive.arrayBuffer()));
    await mkdir(dirname(path), { recursive: true });
    await writeFile(`${path}.new`, packed);
    await rename(`${path}.new`, path);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Some milliseconds of writing. */
const FILES_A_TURN = 32;

/**
 * Unpacks a seed image into an empty or missing folder. Files are written synchronously, some at a time: a thousand small
 * ones take half of what they take through the thread pool.
 * @throws Error when the image is missing or broken
 */
export async function unpackSeedImage(path: string, folder: string): Promise<void> {
  const archive = await promisify(gunzip)(await readFile(path));
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  let files = 0;
  for (const entry of readTar(archive)) {
    const target = join(folder, entry.path);
    if (entry.isFolder) mkdirSync(target, { recursive: true, mode: 0o700 });
    else writeFileSync(target, entry.content, { mode: 0o600 });
    files += 1;
    if (files % FILES_A_TURN === 0) await nextTurn();
  }
}
