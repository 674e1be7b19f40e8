import { type Field, staticField, unknownField } from "./field.ts";
import type { Arguments } from "./read-arguments.ts";
import type { Scope } from "./scope.ts";

/** What a program writes, where its words say so: `echo 'rm x' | sh`. */
export function outputOf(kind: string, { operands, flags, hasUnknown }: Arguments, scope: Scope): Field | undefined {
  switch (kind) {
    case "echo":
      return echoed(operands, " ", !flags.every((flag) => flag === "-n"));
    case "printf": {
      const [format, ...others] = operands;
      if (format === undefined) return undefined;
      const isPlain = /^(?:%s ?)*(?:\\n)?$/.test(format.text);
      return isPlain
        ? echoed(others, format.text.endsWith("\\n") ? "\n" : "", flags.length > 0)
        : echoed(operands, " ", true);
    }
    case "cat":
    case "tee":
      return (kind === "tee" || operands.length === 0) && !hasUnknown ? (scope.input ?? undefined) : undefined;
    default:
      return undefined;
  }
}

/** What a backslash gives depends on the shell and the options. */
function echoed(operands: readonly Field[], separator: string, isOther: boolean): Field {
  const text = operands.map((field) => field.text).join(separator);
  const isUnknown = isOther || text.includes("\\") || operands.some(({ dynamic, glob }) => dynamic || glob);
  return isUnknown ? unknownField(text.replaceAll("\\n", "\n")) : staticField(text);
}
