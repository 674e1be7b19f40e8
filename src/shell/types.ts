/**
 * What a text would do if a shell ran it, as far as can be known without running it. Field names are those that rules read.
 *
 * SECURITY: nothing here is safe to rely on where `ok` is false; where `dynamic` is true, more may happen than is listed.
 */
export interface ShellCommand {
  /** Whether the text is valid bash, without control or invisible characters and within the bounds. */
  readonly ok: boolean;
  /** Why not; empty when it is. */
  readonly error: string;
  /** Some word, program or nested text is known only at run time, or could not be followed. */
  readonly dynamic: boolean;
  /** The part of `dynamic` that matters most: something runs, and what it is cannot be known. */
  readonly has_unknown_program: boolean;
  /** Base names, in order, each once; an unknown program as it is written. */
  readonly programs: readonly string[];
  readonly commands: readonly ShellInvocation[];
  /** Files that are read, normalised lexically; the home directory is `~`. */
  readonly reads: readonly string[];
  /** Files that are created, changed or removed. */
  readonly writes: readonly string[];
  /** In lower case, without port and user. */
  readonly hosts: readonly string[];
  /** As written. */
  readonly urls: readonly string[];
  /** Every variable that the text sets, with its last value. */
  readonly assignments: Readonly<Record<string, string>>;
  readonly has_substitution: boolean;
  readonly has_pipe: boolean;
  readonly has_redirect: boolean;
  readonly has_background: boolean;
  readonly has_function: boolean;
  readonly has_heredoc: boolean;
  /** A word that the shell replaces by the names of files, so that its files are not known. */
  readonly has_glob: boolean;
  readonly command_count: number;
}

/** One program that would run: a wrapper such as `sudo` and what it runs are two. */
export interface ShellInvocation {
  /** Base name; as written where it is not static. */
  readonly program: string;
  /** As written if it names a folder, else empty. */
  readonly path: string;
  /** Operands: the words that are neither options nor their values. */
  readonly args: readonly string[];
  /** Every word behind the program, without quotes. What is not static is as it is written. */
  readonly words: readonly string[];
  /** Names of options: clusters split, spellings that a known program treats alike together. */
  readonly flags: readonly string[];
  /** Values of options, by every spelling; the last one where it is repeated. */
  readonly options: Readonly<Record<string, string>>;
  /** Variables set for this program alone, and those that `env`, `export` and the like set. */
  readonly assignments: Readonly<Record<string, string>>;
  readonly dynamic: boolean;
  readonly reads: readonly string[];
  readonly writes: readonly string[];
  /** Outermost first. */
  readonly wrapped_by: readonly string[];
  /** The programs whose output it may read: all before it in its pipeline, and in substitutions it reads as files. */
  readonly piped_from: readonly string[];
  readonly background: boolean;
}
