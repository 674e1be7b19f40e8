/** One file or folder of a tar archive. */
export interface TarEntry {
  /** Relative, with forward slashes. */
  readonly path: string;
  readonly isFolder: boolean;
  readonly content: Buffer;
}

const BLOCK = 512;

/**
 * Reads an archive as PGlite writes it: plain ustar headers, paths of at most 100 characters, files and folders only.
 * @throws Error when it holds anything else, a path that leaves the archive's root included
 */
export function* readTar(archive: Buffer): Generator<TarEntry> {
  for (let at = 0; at + BLOCK <= archive.length && archive[at] !== 0; ) {
    const path = field(archive, at, 100).replace(/^\/+|\/+$/g, "");
    const size = Number.parseInt(field(archive, at + 124, 12), 8);
    const type = field(archive, at + 156, 1);
    const isFolder = type === "5";
    const isSafe = path !== "" && !path.split("/").includes("..");
    if (!isSafe || (!isFolder && type !== "0" && type !== "") || !Number.isSafeInteger(size)) {
      throw new Error(`the archive has an entry that is not a plain file or folder: ${JSON.stringify(path)}`);
    }
    const start = at + BLOCK;
    if (start + size > archive.length) throw new Error("the archive is cut short");
    yield { path, isFolder, content: archive.subarray(start, start + size) };
    at = start + Math.ceil(size / BLOCK) * BLOCK;
  }
}

function field(archive: Buffer, start: number, length: number): string {
  return archive
    .toString("latin1", start, start + length)
    .replace(/\0.*$/s, "")
    .trim();
}
