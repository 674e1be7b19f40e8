import type { Field } from "./field.ts";
import { normalizePath } from "./normalize-path.ts";
import type { Scope } from "./scope.ts";
import type { Call } from "./unwrap.ts";

/** `sh -c text`, `sh file`, `sh < text` */
export function runShell({ program, fields }: Call, scope: Scope): void {
  // These read other languages, in which the same words may do something else.
  if (/^(?:fish|t?csh)$/.test(program)) scope.analysis.runsUnknown();
  const inner = { ...scope, variables: scope.variables.detached() };
  const { isCommand, isInput, operands } = readShellWords(fields);
  const [first] = operands;
  if (isCommand) {
    if (first !== undefined) inner.runner.text(first, inner);
    return;
  }
  if (first === undefined || isInput) {
    runInput(inner);
    return;
  }
  runFile(first, inner);
}

/** `source file`: it may set any variable. */
export function runSource({ parsed }: Call, scope: Scope): void {
  const [file] = parsed.operands;
  if (file !== undefined) runFile(file, scope);
  scope.variables.distrust();
}

/** What reads commands from its input. */
export function runInput(scope: Scope): void {
  if (scope.input === null) scope.analysis.runsUnknown();
  else if (scope.input !== undefined) scope.runner.text(scope.input, { ...scope, input: undefined });
}

/** A script in a file is listed as read; what is in it is not known, which is not `dynamic`: the words are. */
function runFile(file: Field, scope: Scope): void {
  if (file.dynamic || file.glob || file.feeds.length > 0 || file.text.startsWith("<(")) {
    scope.analysis.runsUnknown();
    return;
  }
  if (INPUT_FILES.test(file.text)) {
    runInput({ ...scope, input: scope.input ?? null });
    return;
  }
  scope.analysis.reads.add(normalizePath(file.text));
}

export const INPUT_FILES = /^(?:-|\/dev\/stdin|\/dev\/fd\/\d+|\/proc\/(?:self|\d+)\/fd\/\d+|\/dev\/tcp\/.*)$/;

interface ShellWords {
  readonly isCommand: boolean;
  readonly isInput: boolean;
  readonly operands: readonly Field[];
}

/** As bash reads them: in `-oc name text` the `o` takes the next word, and the text comes behind it. */
function readShellWords(fields: readonly Field[]): ShellWords {
  let isCommand = false;
  let isInput = false;
  let index = 0;
  for (; index < fields.length; index += 1) {
    const text = fields[index]?.text ?? "";
    if (text === "--" || text === "-") {
      index += 1;
      break;
    }
    if (!/^[-+]./.test(text)) break;
    if (text.startsWith("--")) {
      if (/^--(?:rcfile|init-file|init-command)$/.test(text)) index += 1;
      if (text.startsWith("--command")) {
        isCommand = true;
        if (text.startsWith("--command="))
          return { isCommand, isInput, operands: [{ ...(fields[index] as Field), text: text.slice(10) }] };
      }
      continue;
    }
    if (text.startsWith("-") && text.includes("c")) isCommand = true;
    if (text.startsWith("-") && text.includes("s")) isInput = true;
    index += text.match(/[oO]/g)?.length ?? 0;
  }
  return { isCommand, isInput, operands: fields.slice(index) };
}
