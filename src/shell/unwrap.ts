import { runCodeVariables } from "./code-variables.ts";
import type { Field } from "./field.ts";
import { staticField, unknownField } from "./field.ts";
import { INTERPRETERS } from "./interpreters.ts";
import type { Arguments } from "./read-arguments.ts";
import { runAwk } from "./run-awk.ts";
import { runFind } from "./run-find.ts";
import { runInterpreter } from "./run-interpreter.ts";
import { runSed } from "./run-sed.ts";
import { runInput, runSet, runShell, runSource } from "./run-shell.ts";
import type { Scope } from "./scope.ts";
import type { Wrapper } from "./wrappers.ts";

/** A program with its words, read. */
export interface Call {
  readonly program: string;
  readonly kind: string;
  readonly fields: readonly Field[];
  readonly parsed: Arguments;
  readonly assignments: Readonly<Record<string, Field>> | undefined;
}

/** Follows what a program runs in turn. */
export function unwrap(call: Call, scope: Scope): void {
  const special = SPECIAL.get(call.kind);
  const interpreter = INTERPRETERS.get(call.kind);
  const { wrapper } = call.parsed;
  if (special === undefined && interpreter === undefined && wrapper === undefined && call.assignments === undefined)
    return;
  const inner = { ...scope, wrappedBy: [...scope.wrappedBy, call.program] };
  if (call.assignments !== undefined) runCodeVariables(call.assignments, inner);
  special?.(call, inner);
  if (wrapper !== undefined) runWrapper(wrapper, call, inner);
  if (interpreter !== undefined) runInterpreter(interpreter, call, inner);
}

const SPECIAL: ReadonlyMap<string, (call: Call, scope: Scope) => void> = new Map([
  ["sh", runShell],
  ["source", runSource],
  ["set", runSet],
  ["find", runFind],
  ["awk", runAwk],
  ["sed", runSed],
  ["trap", runTrap],
  ["alias", runAlias],
  ["tmux", runTerminal],
  ["screen", runTerminal],
  ["git", runGitAlias],
  ["hash", runHash],
  ["enable", runHash],
  ...[
    "read",
    "mapfile",
    "readarray",
    "getopts",
    "unset",
    "let",
    "declare",
    "typeset",
    "local",
    "export",
    "readonly",
    "printf",
    "test",
    "[",
    "wait",
  ].map((name) => [name, runBuiltin] as const),
]);

function runWrapper(wrapper: Wrapper, call: Call, scope: Scope): void {
  const { parsed } = call;
  if (wrapper.inert?.some((flag) => parsed.flags.includes(flag)) === true) return;
  const inner = insideOf(wrapper, scope);
  for (const { name, field } of parsed.values) {
    if (wrapper.text?.includes(name) === true) scope.runner.text(field, inner);
    if (wrapper.program?.includes(name) === true)
      scope.runner.argv([field, ...parsed.rest, ...programArguments(wrapper, parsed)], inner);
    if (wrapper.settingOptions?.includes(name) === true) runSetting(wrapper, field, inner);
  }
  if (parsed.key === "git config")
    runSetting(wrapper, { ...joined(parsed.operands.slice(1)), text: settingText(parsed.operands) }, inner);
  if (wrapper.runs === "nothing") {
    runRemainingInput(wrapper, parsed, inner);
    return;
  }
  if (parsed.hasUnknown) scope.analysis.runsUnknown();
  const rest = wrapper.assignments === true ? takeAssignments(parsed.rest, inner) : parsed.rest;
  if (rest.length === 0) {
    runRemainingInput(wrapper, parsed, { ...inner, input: scope.input });
    return;
  }
  runRest(wrapper, rest, parsed, inner, wordsOfInput(scope.input));
}

function runRest(
  wrapper: Wrapper,
  rest: readonly Field[],
  parsed: Arguments,
  scope: Scope,
  input: readonly Field[],
): void {
  if (wrapper.appends !== true) {
    if (wrapper.runs === "argv") scope.runner.argv(rest, scope);
    else scope.runner.text(joined(rest), scope);
    return;
  }
  if (wrapper.runs === "argv") {
    scope.runner.argv(withAppended(rest, parsed, input), scope);
    return;
  }
  scope.analysis.dynamic = true;
  for (const command of withArguments(rest, input)) scope.runner.text(command, scope);
}

/** What `xargs` takes as words from an input that is known; they are shown, and never static. */
function wordsOfInput(input: Field | null | undefined): readonly Field[] {
  const words = input?.text.split(/[\s\0]+/).filter((word) => word !== "") ?? [];
  return words.slice(0, INPUT_WORDS_MAX).map((text) => ({ ...unknownField(text), splits: true }));
}

const INPUT_WORDS_MAX = 64;

/** Other processes get copies of variables, if any. */
function insideOf(wrapper: Wrapper, scope: Scope): Scope {
  const inner = wrapper.isInside === true ? scope : { ...scope, variables: scope.variables.detached() };
  return wrapper.appends === true ? { ...inner, input: undefined } : inner;
}

function runRemainingInput(wrapper: Wrapper, parsed: Arguments, scope: Scope): void {
  const opensShell =
    wrapper.readsInput === true ||
    (parsed.key === "sudo" && (parsed.flags.includes("-s") || parsed.flags.includes("-i")));
  if (opensShell && parsed.rest.length === 0) runInput(scope);
}

/** `start-stop-daemon --exec x -- args` */
function programArguments(wrapper: Wrapper, { operands }: Arguments): readonly Field[] {
  return wrapper.runs === "nothing" ? operands : [];
}

function takeAssignments(fields: readonly Field[], scope: Scope): readonly Field[] {
  const end = fields.findIndex(({ text }) => !/^[A-Za-z_]\w*=/.test(text));
  const assignments = end === -1 ? fields : fields.slice(0, end);
  for (const { text, dynamic } of assignments) {
    const equals = text.indexOf("=");
    const value = { ...staticField(text.slice(equals + 1)), dynamic };
    scope.variables.set(text.slice(0, equals), value);
    scope.analysis.assignments[text.slice(0, equals)] = value.text;
    runCodeVariables({ [text.slice(0, equals)]: value }, scope);
  }
  return end === -1 ? [] : fields.slice(end);
}

/** Words that come at run time: behind the others, or wherever the mark for them stands. */
function withAppended(
  rest: readonly Field[],
  { options, flags }: Arguments,
  input: readonly Field[],
): readonly Field[] {
  const mark =
    options["-I"] ??
    options["-i"] ??
    options["-J"] ??
    (flags.includes("-i") || flags.includes("-I") ? "{}" : undefined);
  const words = input.length === 0 ? [{ ...unknownField("{}"), splits: true }] : input;
  if (mark === undefined || mark === "") return [...rest, ...words];
  const text = input.length === 0 ? mark : joined(input).text;
  return rest.map((field) =>
    field.text.includes(mark) ? { ...field, text: field.text.replaceAll(mark, text), dynamic: true } : field,
  );
}

/** `parallel gzip ::: a b`; without a command, each argument is one. */
function withArguments(rest: readonly Field[], input: readonly Field[]): readonly Field[] {
  const end = rest.findIndex(({ text }) => /^:::?:?\+?$/.test(text));
  const words = end === -1 ? input : rest.slice(end + 1);
  const command = joined(end === -1 ? rest : rest.slice(0, end));
  if (end === 0) return words;
  if (words.length === 0) return [command];
  const { text } = joined(words);
  return [unknownField(command.text.includes("{}") ? command.text.replaceAll("{}", text) : `${command.text} ${text}`)];
}

export function joined(fields: readonly Field[]): Field {
  const text = fields.map((field) => field.text).join(" ");
  const isUnknown = fields.some(({ dynamic, glob }) => dynamic || glob);
  return isUnknown ? unknownField(text) : staticField(text);
}

function settingText([, name, value]: readonly Field[]): string {
  return name === undefined || value === undefined ? "" : `${name.text}=${value.text}`;
}

/** `-c core.pager=command`, `-c alias.x='!command'`, `-o ProxyCommand=command` */
function runSetting({ settings }: Wrapper, field: Field, scope: Scope): void {
  const alias = /^alias\.[^=]*=(!?)(.*)$/is.exec(field.text);
  const command = alias === null ? settings?.exec(field.text)?.[1] : alias[1] === "!" ? alias[2] : `git ${alias[2]}`;
  if (command !== undefined) {
    scope.runner.text({ ...field, text: command.replace(/^!/, "") }, scope);
    return;
  }
  // Where the name is not static the setting may be any.
  if (settings !== undefined && field.dynamic && !/^[\w.-]+[= ]/.test(field.text)) scope.analysis.runsUnknown();
}

/** A name that git does not have is an alias, which may run anything. */
function runGitAlias({ parsed }: Call, scope: Scope): void {
  const subcommand = parsed.operands[0];
  if (subcommand?.dynamic === true) scope.analysis.runsUnknown();
  if (subcommand?.text === "remote-ext" || parsed.operands.some(({ text }) => text.startsWith("ext::")))
    scope.analysis.runsUnknown();
}

function runTrap({ parsed }: Call, scope: Scope): void {
  const [text, ...signals] = parsed.operands;
  if (text !== undefined && signals.length > 0 && text.text !== "-") {
    scope.runner.text(text, { ...scope, variables: scope.variables.detached(), input: undefined });
  }
}

function runAlias({ parsed }: Call, scope: Scope): void {
  for (const field of parsed.operands) {
    const equals = field.text.indexOf("=");
    if (equals !== -1)
      scope.runner.text(
        { ...field, text: field.text.slice(equals + 1) },
        { ...scope, variables: scope.variables.detached() },
      );
  }
}

/** `hash -p file name` and `enable -f file name` make a name run a file. */
function runHash({ parsed }: Call, scope: Scope): void {
  if (parsed.flags.includes("-p") || parsed.flags.includes("-f")) scope.analysis.runsUnknown();
}

/** Words of a terminal multiplexer that do not open, type or run anything. */
const QUIET =
  /^(?:a|attach|attach-session|ls|lsp|lsw|list-\w+|kill-\w+|has|has-session|detach\w*|select-\w+|show\w*|capture-pane|capturep|display|display-message|info|rename-\w+|resize-\w+|swap-\w+|switch\w*|source\w*|set|set-option|setw|start|start-server|wait\w*)$/;

function runTerminal({ kind, parsed }: Call, scope: Scope): void {
  if (kind === "screen") {
    if (parsed.flags.includes("-X")) scope.analysis.runsUnknown();
    return;
  }
  const [subcommand, ...others] = parsed.operands;
  if (parsed.hasUnknown) scope.analysis.runsUnknown();
  if (subcommand === undefined || QUIET.test(subcommand.text)) return;
  if (parsed.operands.some(({ text }) => text === ";" || text.endsWith("\\;"))) scope.analysis.runsUnknown();
  const commands = others.filter(({ text }) => !/^(?:Enter|C-\w|Escape)$/.test(text));
  if (commands.length > 0) scope.runner.text(joined(commands), { ...scope, variables: scope.variables.detached() });
}

/** Builtins that set variables, or read names as arithmetic. */
function runBuiltin({ kind, parsed, fields }: Call, scope: Scope): void {
  const isTest = kind === "test" || kind === "[";
  if (kind === "printf" && !parsed.flags.includes("-v")) return;
  if (isTest ? fields.some(({ text }) => text === "-v") : kind !== "export" && kind !== "readonly")
    scope.analysis.readsAgain = true;
  if (isTest || kind === "export" || kind === "readonly") return;
  for (const { text } of parsed.operands) {
    const [, name, rest] = /^([A-Za-z_]\w*)(.*)$/s.exec(text) ?? [];
    if (name !== undefined && rest === "") scope.variables.set(name, { text: `$${name}`, dynamic: true });
  }
}
