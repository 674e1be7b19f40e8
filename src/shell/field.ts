/** One word after the shell's expansions. */
export interface Field {
  /** Without quotes. What is not static stands as it is written. */
  readonly text: string;
  readonly dynamic: boolean;
  /** Whether an unquoted `*`, `?` or `[` makes file names of it. */
  readonly glob: boolean;
  /** Whether it may become several words, or none, when it runs. */
  readonly splits: boolean;
  /** The programs whose output it names as a file: `<(curl u)`. */
  readonly feeds: readonly string[];
}

export function staticField(text: string): Field {
  return { text, dynamic: false, glob: false, splits: false, feeds: NONE };
}

export function unknownField(text: string): Field {
  return { text, dynamic: true, glob: false, splits: false, feeds: NONE };
}

const NONE: readonly string[] = [];
