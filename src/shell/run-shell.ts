import type { Field } from "./field.ts";
import { normalizePath } from "./normalize-path.ts";
import type { Scope } from "./scope.ts";
import type { Call } from "./unwrap.ts";
import type { Variables } from "./variables.ts";

/** `sh -c text`, `sh file`, `sh < text` */
export function runShell({ program, fields }: Call, scope: Scope): void {
  // These read other languages, in which the same words may do something else.
  if (/^(?:fish|t?csh)$/.test(program)) scope.analysis.runsUnknown();
  const inner = { ...scope, variables: scope.variables.detached() };
  const { isCommand, isInput, operands } = readShellWords(fields);
  const [first] = operands;
  if (isCommand) {
    if (first === undefined) return;
    setPositional(inner.variables, operands.slice(2), operands[1]);
    inner.runner.text(first, inner);
    return;
  }
  if (first === undefined || isInput) {
    runInput(inner);
    return;
  }
  runFile(first, inner);
}

/** `set -- a b` */
export function runSet({ fields }: Call, scope: Scope): void {
  const start = fields.findIndex(({ text }) => !/^[-+]./.test(text) || text === "--");
  if (start !== -1) setPositional(scope.variables, fields.slice(fields[start]?.text === "--" ? start + 1 : start));
}

/** SECURITY: they are shown and never static: functions have others, and `shift` moves them. */
function setPositional(variables: Variables, words: readonly Field[], zero?: Field): void {
  const all = { text: words.map(({ text }) => text).join(" "), dynamic: true };
  variables.set("@", all);
  variables.set("*", all);
  if (zero !== undefined) variables.set("0", { text: zero.text, dynamic: true });
  for (const [index, { text }] of words.slice(0, 9).entries())
    variables.set(String(index + 1), { text, dynamic: true });
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
