import { existsSync } from "node:fs";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import type { AuditFiles, NewFile } from "./deps.ts";

/** Small ones cost a turn of the event loop each. */
const CHUNK_BYTES = 1024 * 1024;

/** The real file system. @param stdin such as `process.stdin` */
export function createAuditFiles(stdin: AsyncIterable<Uint8Array>): AuditFiles {
  return {
    stdin,
    exists: existsSync,
    async open(path) {
      const file = await open(path);
      const stats = await file.stat();
      const chunks = file.createReadStream({ highWaterMark: CHUNK_BYTES });
      // Reading a folder fails only once it is read.
      return { bytes: stats.isFile() ? stats.size : undefined, chunks };
    },
    async create(path) {
      const partial = `${path}.partial`;
      // Exclusive: two downloads at once must not write into one file.
      return newFile(await open(partial, "wx", 0o600), partial, path);
    },
  };
}

function newFile(file: FileHandle, partial: string, path: string): NewFile {
  return {
    async write(chunk) {
      // `write` may take a part of it only.
      await file.writeFile(chunk);
    },
    async complete() {
      await file.sync();
      await file.close();
      await rename(partial, path);
    },
    async discard() {
      await file.close();
      await rm(partial, { force: true });
    },
  };
}
