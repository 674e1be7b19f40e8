import type { Field } from "./field.ts";
import { staticField } from "./field.ts";
import { commandsInCode, isPlainPrinting } from "./foreign-code.ts";
import type { Interpreter } from "./interpreters.ts";
import { INPUT_FILES } from "./run-shell.ts";
import type { Scope } from "./scope.ts";
import type { Call } from "./unwrap.ts";

/** Runs code in another language that stands in the words or on the input. */
export function runInterpreter(interpreter: Interpreter, { parsed }: Call, scope: Scope): void {
  const inner = { ...scope, variables: scope.variables.detached(), input: undefined };
  const code = parsed.values.filter(({ name }) => interpreter.code.includes(name)).map(({ field }) => field);
  if (interpreter.language === "editor")
    code.push(...parsed.operands.filter(({ text }) => text.startsWith("+")).map(withoutPlus));
  if (interpreter.operand === "code") code.push(...parsed.operands.slice(1));
  const isAlone = parsed.operands.length === 0 && parsed.flags.every((flag) => interpreter.code.includes(flag));
  for (const each of code) if (!isAlone || !isPrinted(each, interpreter)) runCode(each, interpreter, inner);
  if (code.length > 0) return;
  const [file] = parsed.operands;
  if (interpreter.operand === "file" && file !== undefined && !INPUT_FILES.test(file.text)) {
    if (file.dynamic || file.feeds.length > 0) scope.analysis.runsUnknown();
    else if (!parsed.flags.some((flag) => flag === "-m")) scope.analysis.reads.add(file.text);
    return;
  }
  if (parsed.flags.includes("-m") || parsed.flags.includes("-v") || parsed.flags.includes("--version")) return;
  if (scope.input === null || (file !== undefined && interpreter.operand === "file")) scope.analysis.runsUnknown();
  if (scope.input != null) runCode(scope.input, interpreter, inner);
}

function isPrinted({ text, dynamic }: Field, { language }: Interpreter): boolean {
  return language === "general" && !dynamic && isPlainPrinting(text);
}

function withoutPlus(field: Field): Field {
  return { ...field, text: field.text.slice(1) };
}

function runCode(code: Field, { language }: Interpreter, scope: Scope): void {
  if (code.dynamic) scope.analysis.runsUnknown();
  if (language === "general") {
    // Another language's code may do anything without a program, so what is found in it is never all.
    scope.analysis.runsUnknown();
    for (const command of commandsInCode(code.text)) {
      if (typeof command === "string") scope.runner.text(staticField(command), scope);
      else scope.runner.argv(command.map(staticField), scope);
    }
    return;
  }
  const escapes =
    language === "editor"
      ? /^[\s:]*(?:silent!?\s+)?(?:[%\d,.$]*!|terminal?\s|r(?:ead)?\s*!|w(?:rite)?\s*!)(.*)$/gm
      : /(?:\\!|^\s*\.(?:shell|system)\b|^\s*system\s)(.*)$/gm;
  for (const [, command = ""] of code.text.matchAll(escapes)) scope.runner.text({ ...code, text: command }, scope);
  if ((language === "editor" ? EDITOR_CODE : DATABASE_CODE).test(code.text)) scope.analysis.runsUnknown();
}

const EDITOR_CODE =
  /\b(?:system(?:list)?|job_start|py(?:thon)?[3x]?|perl|ruby|lua|tcl|exe(?:cute)?|so(?:urce)?|call|luafile|libcall|norm(?:al)?|au(?:tocmd)?|map|terminal|make|grep)\b/;
const DATABASE_CODE =
  /\bPROGRAM\b|\\(?:copy|o|g|w|i|ir|e|setenv)\b|\bload_extension\b|\blo_(?:import|export)\b|\.(?:load|read|import|once|output|excel|open)\b|\b(?:source|tee|pager|edit)\s|\\\./i;
