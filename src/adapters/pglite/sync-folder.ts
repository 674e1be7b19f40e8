import { open, readdir } from "node:fs/promises";
import { join } from "node:path";

/** Files at a time; each waits for the disk. */
const AT_ONCE = 16;

/**
 * Puts every file in a folder, and the folders themselves, on the disk. PGlite does that nowhere: its own setting for it
 * changes nothing.
 * @throws the system's error
 */
export async function syncFolder(folder: string): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = [folder, ...entries.map((entry) => join(entry.parentPath, entry.name))];
  for (let at = 0; at < paths.length; at += AT_ONCE) {
    await Promise.all(paths.slice(at, at + AT_ONCE).map(syncPath));
  }
}

async function syncPath(path: string): Promise<void> {
  try {
    const file = await open(path, "r");
    await file.sync().finally(() => file.close());
  } catch (error) {
    // PostgreSQL removed it since the folder was read: then nothing of it is needed.
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}
