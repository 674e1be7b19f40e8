import { constants } from "node:fs";
import { open, readdir, realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import type { Diagnostic, ReadResult, RuleFiles, RuleSource } from "../../rules/types.ts";
import { watchDirectory } from "./watch-directory.ts";

export interface RuleDirectoryOptions {
  readonly dir: string;
  /** Which files to read; the default is the rules. */
  readonly kind?: "rules" | "fixtures";
  /** How long the directory must be quiet before `onChange` is called. */
  readonly debounceMs?: number;
  readonly limits?: Partial<typeof RULE_DIRECTORY_LIMITS>;
}

export const RULE_DIRECTORY_LIMITS = {
  fileBytesMax: 4 * 1024 * 1024,
  totalBytesMax: 64 * 1024 * 1024,
  filesMax: 10_000,
  depthMax: 16,
};

/** Ten editors' saves or a whole `git checkout` become one reload, and a person does not notice the wait. */
const DEBOUNCE_MS = 100;

/**
 * All `*.yaml` and `*.yml` files below a directory, without `*.test.yaml` fixtures (or those alone) and names that begin with
 * a dot. A symbolic link is followed as long as it stays inside the directory.
 */
export function createRuleDirectory(options: RuleDirectoryOptions): RuleFiles {
  const limits = { ...RULE_DIRECTORY_LIMITS, ...options.limits };
  return {
    read: () => new Reading(options.dir, limits, options.kind === "fixtures" ? isFixtureFile : isRuleFile).run(),
    watch: (onChange, onError) =>
      watchDirectory({ dir: options.dir, debounceMs: options.debounceMs ?? DEBOUNCE_MS, onChange, onError }),
  };
}

/** A path relative to the rules directory, and the real one behind it. */
interface Found {
  readonly path: string;
  readonly real: string;
}

class Reading {
  readonly #dir: string;
  readonly #limits: typeof RULE_DIRECTORY_LIMITS;
  readonly #isWanted: (path: string) => boolean;
  readonly #diagnostics: Diagnostic[] = [];
  readonly #found: Found[] = [];

  constructor(dir: string, limits: typeof RULE_DIRECTORY_LIMITS, isWanted: (path: string) => boolean) {
    this.#dir = dir;
    this.#limits = limits;
    this.#isWanted = isWanted;
  }

  async run(): Promise<ReadResult> {
    const root = await this.#root();
    if (root !== undefined) await this.#walk({ path: "", real: root }, root, new Set([root]));
    if (this.#found.length > this.#limits.filesMax)
      this.#fault(".", "too-many-rule-files", `there are more than ${this.#limits.filesMax} rule files`);
    this.#found.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
    const sources = this.#diagnostics.length === 0 ? await this.#readAll() : [];
    if (this.#diagnostics.length > 0) return { ok: false, diagnostics: this.#diagnostics };
    return { ok: true, sources };
  }

  async #root(): Promise<string | undefined> {
    try {
      const root = await realpath(this.#dir);
      if ((await stat(root)).isDirectory()) return root;
      this.#fault(".", "rules-not-a-directory", `\`${this.#dir}\` is not a directory`);
    } catch (error) {
      if (codeOf(error) === "ENOENT")
        this.#fault(".", "rules-directory-missing", `the rules directory \`${this.#dir}\` does not exist`);
      else this.#unreadable(".", error);
    }
    return undefined;
  }

  /** @param ancestors real paths on the way down, against links that lead in a circle */
  async #walk(folder: Found, root: string, ancestors: ReadonlySet<string>): Promise<void> {
    if (ancestors.size > this.#limits.depthMax) {
      this.#fault(folder.path, "rules-too-deep", `directories are nested more than ${this.#limits.depthMax} deep`);
      return;
    }
    let names: string[];
    try {
      names = await readdir(folder.real);
    } catch (error) {
      this.#unreadable(folder.path || ".", error);
      return;
    }
    for (const name of names.sort()) {
      if (name.startsWith(".") || this.#found.length > this.#limits.filesMax) continue;
      const path = folder.path === "" ? name : `${folder.path}/${name}`;
      await this.#visit({ path, real: join(folder.real, name) }, root, ancestors);
    }
  }

  async #visit({ path, real }: Found, root: string, ancestors: ReadonlySet<string>): Promise<void> {
    try {
      const target = await realpath(real);
      const isDirectory = (await stat(target)).isDirectory();
      if (!isDirectory && !this.#isWanted(path)) return;
      // SECURITY: a link out of the directory would let whoever may write here read other files through diagnostics,
      // and rules would come from a place that nobody reviews.
      if (target !== root && !target.startsWith(root.endsWith(sep) ? root : root + sep))
        this.#fault(path, "symlink-outside", "the symbolic link leads out of the rules directory");
      else if (!isDirectory) this.#found.push({ path, real: target });
      else if (!ancestors.has(target)) await this.#walk({ path, real: target }, root, new Set([...ancestors, target]));
    } catch (error) {
      // A dangling link or a file that went away while we looked; silence would drop its rules.
      if (this.#isWanted(path) || codeOf(error) !== "ENOENT") this.#unreadable(path, error);
    }
  }

  async #readAll(): Promise<RuleSource[]> {
    const sources: RuleSource[] = [];
    let total = 0;
    for (const file of this.#found) {
      const bytes = await this.#readFile(file);
      if (bytes === undefined) continue;
      total += bytes.length;
      if (total > this.#limits.totalBytesMax) {
        this.#fault(
          ".",
          "rules-too-large",
          `all rule files together are more than ${this.#limits.totalBytesMax} bytes`,
        );
        return [];
      }
      const content = decode(bytes);
      if (content === undefined) this.#fault(file.path, "file-not-utf8", "the file is not UTF-8 text");
      else sources.push({ path: file.path, content });
    }
    return sources;
  }

  async #readFile({ path, real }: Found): Promise<Uint8Array | undefined> {
    try {
      // NOFOLLOW: the path was resolved, so a link now is one that was put there since. NONBLOCK: a FIFO must not hang.
      const handle = await open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
      try {
        const status = await handle.stat();
        if (!status.isFile()) {
          this.#fault(path, "file-unreadable", "this is not a regular file");
          return undefined;
        }
        const max = this.#limits.fileBytesMax;
        if (status.size <= max) {
          const bytes = await handle.readFile();
          if (bytes.length <= max) return bytes;
        }
        this.#fault(path, "file-too-large", `the file is larger than ${max} bytes; split it`);
      } finally {
        await handle.close();
      }
    } catch (error) {
      this.#unreadable(path, error);
    }
    return undefined;
  }

  #unreadable(path: string, error: unknown): void {
    this.#fault(path, "file-unreadable", `this cannot be read (${codeOf(error) ?? "unknown error"})`);
  }

  #fault(file: string, code: string, message: string): void {
    this.#diagnostics.push({ file, line: 1, column: 1, severity: "error", code, message });
  }
}

function isRuleFile(path: string): boolean {
  return /\.ya?ml$/.test(path) && !isFixtureFile(path);
}

function isFixtureFile(path: string): boolean {
  return /\.test\.ya?ml$/.test(path);
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
