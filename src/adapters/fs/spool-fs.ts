import * as nodeFs from "node:fs";

/** The calls of `node:fs` that the spool makes, so that tests can make them fail. */
export interface SpoolFs {
  mkdirSync(path: string, options: { recursive: true; mode: number }): string | undefined;
  readdirSync(path: string): string[];
  openSync(path: string, flags: string, mode?: number): number;
  closeSync(fd: number): void;
  fstatSync(fd: number): { readonly size: number };
  readSync(fd: number, buffer: Uint8Array, offset: number, length: number, position: number): number;
  writeSync(fd: number, buffer: Uint8Array, offset: number, length: number, position: number): number;
  ftruncateSync(fd: number, length: number): void;
  fdatasyncSync(fd: number): void;
  fsyncSync(fd: number): void;
  unlinkSync(path: string): void;
  renameSync(from: string, to: string): void;
}

export const realSpoolFs: SpoolFs = nodeFs;

/** Writes all of `buffer[0, length)` at `position`, going on after short writes. @throws the system's error */
export function writeFully(fs: SpoolFs, fd: number, buffer: Uint8Array, length: number, position: number): void {
  let done = 0;
  while (done < length) {
    const written = fs.writeSync(fd, buffer, done, length - done, position + done);
    if (written <= 0) throw new Error("the disk took no bytes");
    done += written;
  }
}

/** Runs `work` on a file and closes it, whatever happens. */
export function withFile<T>(fs: SpoolFs, path: string, flags: string, work: (fd: number) => T): T {
  const fd = fs.openSync(path, flags, 0o600);
  try {
    return work(fd);
  } finally {
    fs.closeSync(fd);
  }
}

/** The whole of a small file as text. @throws the system's error, `ENOENT` included */
export function readSmallFile(fs: SpoolFs, path: string): string {
  return withFile(fs, path, "r", (fd) => {
    const buffer = Buffer.alloc(256);
    return buffer.toString("latin1", 0, fs.readSync(fd, buffer, 0, buffer.length, 0));
  });
}
