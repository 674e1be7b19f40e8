import { randomUUID } from "node:crypto";
import { open, readFile, realpath, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { CliError } from "../cli-error.ts";

/** What `verdict lint --fix` reaches outside itself. */
export interface LintFiles {
  /**
   * Replaces a file's text at once: whoever reads it sees the one or the other. Mode and links stay as they are.
   * @param path absolute
   * @param before what the file must still be, so that nobody's work is lost
   * @throws CliError when it is something else by now, or cannot be written
   */
  replace(path: string, before: string, after: string): Promise<void>;
}

/** The real file system. */
export function createLintFiles(): LintFiles {
  return {
    async replace(path, before, after) {
      try {
        const real = await realpath(path);
        const mark = await markOf(real, before);
        if (mark === undefined) throw new CliError(`${path} was changed meanwhile, so it was left alone`);
        await replaceAtOnce(real, mark + after);
      } catch (error) {
        if (error instanceof CliError) throw error;
        const code = error instanceof Error && "code" in error ? ` (${String(error.code)})` : "";
        throw new CliError(`${path} cannot be written${code}`, { cause: error });
      }
    },
  };
}

const BYTE_ORDER_MARK = "\uFEFF";

/** @returns the byte order mark that the file begins with, or nothing; undefined when it is another text by now */
async function markOf(path: string, expected: string): Promise<string | undefined> {
  const text = (await readFile(path)).toString();
  const mark = text.startsWith(BYTE_ORDER_MARK) && !expected.startsWith(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK : "";
  return text === mark + expected ? mark : undefined;
}

async function replaceAtOnce(path: string, text: string): Promise<void> {
  // A name that begins with a dot is no rule file, should this process die before it is renamed.
  const partial = join(dirname(path), `.${basename(path)}.${randomUUID()}.partial`);
  const { mode } = await stat(path);
  try {
    const file = await open(partial, "wx", mode & 0o777);
    try {
      await file.writeFile(text);
      await file.chmod(mode & 0o777);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}
