import { type Field, staticField, unknownField } from "./field.ts";
import type { Arguments } from "./read-arguments.ts";
import type { Scope } from "./scope.ts";

/** What a program writes, where its words say so: `echo 'rm x' | sh`. */
export function outputOf(
  kind: string,
  words: readonly Field[],
  { operands, flags, hasUnknown }: Arguments,
  scope: Scope,
): Field | undefined {
  switch (kind) {
    case "echo": {
      // What is none of its options is text, a dash in front or not.
      const start = words.findIndex(({ text }) => !/^-[neE]+$/.test(text));
      const options = start === -1 ? words : words.slice(0, start);
      return echoed(words.slice(options.length), " ", !options.every(({ text }) => text === "-n"));
    }
    case "printf": {
      const [format, ...others] = words[0]?.text === "--" ? words.slice(1) : words;
      if (format === undefined) return undefined;
      return /^(?:%s|[^%\\]|\\n)*$/.test(format.text) && flags.length === 0
        ? formatted(format, others)
        : echoed(operands, " ", true);
    }
    case "cat":
    case "tee":
      if (flags.length > 0 || hasUnknown || (kind === "cat" && operands.length > 0)) return undefined;
      return scope.input ?? undefined;
    default:
      return undefined;
  }
}

/** As `printf` uses a format again and again until no word is left. */
function formatted(format: Field, words: readonly Field[]): Field {
  let text = "";
  let used = 0;
  do {
    text += format.text.replace(/%s|\\n/g, (part) => (part === "%s" ? (words[used++]?.text ?? "") : "\n"));
  } while (used > 0 && used < words.length);
  const isUnknown = [format, ...words].some(({ dynamic, glob }) => dynamic || glob);
  return isUnknown ? unknownField(text) : staticField(text);
}

/** What a backslash gives depends on the shell and the options. */
function echoed(operands: readonly Field[], separator: string, isOther: boolean): Field {
  const text = operands.map((field) => field.text).join(separator);
  const isUnknown = isOther || text.includes("\\") || operands.some(({ dynamic, glob }) => dynamic || glob);
  return isUnknown ? unknownField(decodeEscapes(text)) : staticField(text);
}

/** As most shells write them with `echo -e` and `printf`. */
function decodeEscapes(text: string): string {
  return text.replace(
    /\\(?:x([\da-fA-F]{1,2})|0?([0-7]{1,3})|([nt\\]))/g,
    (_, hex?: string, octal?: string, letter?: string) => {
      if (letter !== undefined) return LETTERS[letter]!;
      return String.fromCharCode(hex === undefined ? Number.parseInt(octal!, 8) : Number.parseInt(hex, 16));
    },
  );
}

const LETTERS: Readonly<Record<string, string>> = { n: "\n", t: "\t", "\\": "\\" };
