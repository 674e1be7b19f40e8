import { join } from "node:path";
import { readSmallFile, type SpoolFs, withFile, writeFully } from "./spool-fs.ts";
import { isMissing } from "./spool-segment.ts";

export interface WriterOptions {
  /** Names a new chain: a UUID. */
  readonly newWriter: () => string;
  /** Tells one run of the machine from another. */
  readonly boot: string;
}

/**
 * The writer of a directory for as long as the machine runs; another one after that.
 * @throws the system's error
 */
export function openWriter(fs: SpoolFs, directory: string, options: WriterOptions): string {
  const [writer, begunIn] = read(fs, pathIn(directory));
  return begunIn === options.boot && writer !== undefined ? writer : beginWriter(fs, directory, options);
}

/** Another writer, from now on. @throws the system's error */
export function beginWriter(fs: SpoolFs, directory: string, { newWriter, boot }: WriterOptions): string {
  const writer = newWriter();
  const text = Buffer.from(`${writer} ${boot}\n`, "latin1");
  withFile(fs, pathIn(directory), "w", (fd) => {
    writeFully(fs, fd, text, text.length, 0);
    fs.fsyncSync(fd);
  });
  return writer;
}

const pathIn = (directory: string) => join(directory, "writer");

function read(fs: SpoolFs, path: string): readonly (string | undefined)[] {
  try {
    return /^([0-9a-f-]{36}) (.+)\n$/.exec(readSmallFile(fs, path))?.slice(1) ?? [];
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}
