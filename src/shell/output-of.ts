import type { Arguments } from "./read-arguments.ts";
import type { Scope } from "./scope.ts";

/** What a program writes, where its words say so: `echo 'rm x' | sh`. */
export function outputOf(kind: string, { operands, flags, hasUnknown }: Arguments, scope: Scope): string | undefined {
  const isStatic = operands.every(({ dynamic, glob }) => !dynamic && !glob);
  switch (kind) {
    case "echo": {
      const text = operands.map((field) => field.text).join(" ");
      // What a backslash gives depends on the shell.
      return isStatic && !text.includes("\\") && flags.every((flag) => flag === "-n") ? text : undefined;
    }
    case "printf": {
      const [format, ...others] = operands;
      if (!isStatic || flags.length > 0 || format === undefined || !/^(?:%s)?(?:\\n)?$/.test(format.text))
        return undefined;
      return others.map((field) => field.text).join(format.text.endsWith("\\n") ? "\n" : "");
    }
    case "cat":
    case "tee":
      return (kind === "tee" || operands.length === 0) && !hasUnknown ? (scope.input ?? undefined) : undefined;
    default:
      return undefined;
  }
}
