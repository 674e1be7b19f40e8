import type { Field } from "./field.ts";
import type { Scope } from "./scope.ts";
import type { Call } from "./unwrap.ts";

/** Runs what `find` runs for each file. `{}` stands for a file below the starting points, which are among its words. */
export function runFind({ fields }: Call, scope: Scope): void {
  for (let index = 0; index < fields.length; index += 1) {
    const action = fields[index]?.text ?? "";
    if (!/^-(?:exec|ok)(?:dir)?$/.test(action)) continue;
    const end = endOfCommand(fields, index + 1);
    runEach(fields.slice(index + 1, end), scope);
    index = end;
  }
}

function endOfCommand(fields: readonly Field[], from: number): number {
  const end = fields.findIndex(
    ({ text }, index) => index >= from && (text === ";" || (text === "+" && fields[index - 1]?.text === "{}")),
  );
  return end === -1 ? fields.length : end;
}

function runEach(command: readonly Field[], scope: Scope): void {
  if (command[0]?.text.includes("{}") === true) scope.analysis.runsUnknown();
  // A file's name inside of other words, such as the text of `sh -c`, is read as part of them.
  const fields = command.map((field) =>
    field.text !== "{}" && field.text.includes("{}") ? { ...field, dynamic: true } : field,
  );
  scope.runner.argv(fields, { ...scope, variables: scope.variables.detached(), input: undefined });
}
