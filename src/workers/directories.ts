import { existsSync, rmSync, writeFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Config } from "../config/index.ts";

/** The configuration of one of several workers: what only one process may write is its own, and its share of the disk. */
export function configOfWorker(config: Config, number: number): Config {
  const auditSpoolBytesMax = Math.floor(config.auditSpoolBytesMax / config.workers);
  return { ...config, writerDir: join(config.dataDir, FOLDER, String(number)), auditSpoolBytesMax };
}

const FOLDER = "workers";

/** Folders of writers that there were with another number of workers, and that no process writes to with this one. */
export async function leftWriterDirs({ dataDir, workers }: Config): Promise<string[]> {
  const names = await readdir(join(dataDir, FOLDER)).catch(ignoreMissing);
  const numbers = names.filter((name) => /^[1-9]\d*$/.test(name)).map(Number);
  const left = numbers.filter((number) => workers === 1 || number > workers).sort((a, b) => a - b);
  const dirs = left.map((number) => join(dataDir, FOLDER, String(number)));
  return workers === 1 ? dirs : [dataDir, ...dirs];
}

const markOf = (writerDir: string) => join(writerDir, "spool.retired");

/** Whether nothing was recorded there since all of it was moved on. */
export const isRetired = (writerDir: string) => existsSync(markOf(writerDir)) || !existsSync(join(writerDir, "spool"));

export const markRetired = (writerDir: string) => writeFileSync(markOf(writerDir), "");

/** Before somebody records there again. */
export const unretire = (writerDir: string) => rmSync(markOf(writerDir), { force: true });

function ignoreMissing(error: NodeJS.ErrnoException): string[] {
  if (error.code === "ENOENT") return [];
  throw error;
}
