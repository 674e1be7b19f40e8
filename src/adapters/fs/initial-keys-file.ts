import { open, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";

type Keys = { readonly admin: string; readonly agent: string; readonly gateway: string };

/** The file that people and scripts read the first keys from. */
export const INITIAL_KEYS_FILE = "initial-keys.json";

/** `initial-keys.json` in the data directory, mode 0600; prepared under another name and renamed into place. */
export function createInitialKeysFile(dataDir: string) {
  const path = join(dataDir, INITIAL_KEYS_FILE);
  const preparing = `${path}.preparing`;

  return {
    path,
    async prepare({ admin, agent, gateway }: Keys): Promise<void> {
      await rm(preparing, { force: true });
      // "wx" and 0600: nobody else has the file open, and nobody else can.
      const file = await open(preparing, "wx", 0o600);
      try {
        await file.writeFile(`${JSON.stringify({ admin, agent, gateway }, undefined, 2)}\n`);
        await file.sync();
      } finally {
        await file.close();
      }
    },
    commit: () => rename(preparing, path),
    discard: () => rm(preparing, { force: true }),
    async prepared(): Promise<Keys | undefined> {
      try {
        return parseKeys(await readFile(preparing, "utf8"));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
        throw error;
      }
    },
  };
}

/** Undefined for a file that was cut short. */
function parseKeys(text: string): Keys | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { admin, agent, gateway } = (value ?? {}) as Partial<Record<keyof Keys, unknown>>;
  if (typeof admin !== "string" || typeof agent !== "string" || typeof gateway !== "string") return undefined;
  return { admin, agent, gateway };
}
