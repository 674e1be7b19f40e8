import { execFileSync } from "node:child_process";
import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "./temporary-folder.ts";

export interface SmallDisk {
  readonly path: string;
  /** Takes every byte that is left. */
  fill(): void;
  /** Gives them back. */
  free(): void;
}

/**
 * A file system of 2 MiB in memory. Where this user may not mount one it is undefined, with a line that says so, and in CI
 * this throws instead.
 */
export function mountSmallDisk(): SmallDisk | undefined {
  let isMounted = false;
  const path = temporaryFolder((folder) => {
    // Lazily, in case a process still has a file open.
    if (isMounted) execFileSync("/bin/umount", ["-l", folder]);
  });
  try {
    execFileSync("/bin/mount", ["-t", "tmpfs", "-o", "size=2m,mode=0700", "tmpfs", path], { stdio: "pipe" });
    isMounted = true;
  } catch (error) {
    const why = "this user may not mount a file system for the tests of a full disk";
    if (process.env.CI === "true") throw new Error(`${why}, and in CI no leg may be skipped`, { cause: error });
    console.log(`skipped: ${why}`);
    return undefined;
  }
  const filler = join(path, "filler");
  return {
    path,
    fill: () => {
      const file = openSync(filler, "a");
      // Ever smaller pieces, until not a byte fits.
      for (let size = 65_536; size >= 1; ) {
        try {
          writeSync(file, Buffer.alloc(size));
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
          size = Math.floor(size / 2);
        }
      }
      closeSync(file);
    },
    free: () => rmSync(filler),
  };
}
