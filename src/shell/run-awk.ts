import { type AwkToken, readAwk } from "./awk-tokens.ts";
import { type Field, staticField } from "./field.ts";
import { normalizePath } from "./normalize-path.ts";
import type { Scope } from "./scope.ts";
import type { Call } from "./unwrap.ts";

/** Follows `system("x")`, `print | "x"`, `"x" | getline` and redirections of an awk program. */
export function runAwk({ parsed }: Call, scope: Scope): void {
  const inner = { ...scope, variables: scope.variables.detached(), input: undefined };
  const sources = parsed.values.filter(({ name }) => name === "-e").map(({ field }) => field);
  if (parsed.flags.includes("-l") || parsed.flags.includes("-E")) scope.analysis.runsUnknown();
  const first = parsed.operands[0];
  if (sources.length === 0 && !parsed.flags.includes("-f") && first !== undefined) sources.push(first);
  for (const source of sources) runProgram(source, inner);
}

function runProgram({ text, dynamic }: Field, scope: Scope): void {
  const tokens = dynamic ? undefined : readAwk(text);
  if (tokens === undefined) {
    scope.analysis.runsUnknown();
    return;
  }
  let isPrinting = false;
  for (const [index, token] of tokens.entries()) {
    if (token.type === "end") isPrinting = false;
    else if (token.text === "print" || token.text === "printf") isPrinting = true;
    else runToken(tokens, index, isPrinting, scope);
  }
}

function runToken(tokens: readonly AwkToken[], index: number, isPrinting: boolean, scope: Scope): void {
  const token = tokens[index] as AwkToken;
  const { analysis } = scope;
  if (token.type === "string" || token.type === "regex") return;
  if (token.text === "@") analysis.runsUnknown();
  else if (token.text === "system") runStatic(stringBetween(tokens, index + 2, ")"), scope);
  else if (token.text === "|") runStatic(pipeOf(tokens, index), { ...scope, input: null });
  else if (token.text === "<" && [1, 2].some((back) => tokens[index - back]?.text === "getline"))
    addFile(stringBetween(tokens, index + 1), "reads", scope);
  else if (isPrinting && /^>>?$/.test(token.text)) addFile(stringBetween(tokens, index + 1), "writes", scope);
}

function runStatic(command: string | undefined, scope: Scope): void {
  if (command === undefined) scope.analysis.runsUnknown();
  else scope.runner.text(staticField(command), scope);
}

function addFile(path: string | undefined, use: "reads" | "writes", { analysis }: Scope): void {
  if (path === undefined) analysis.dynamic = true;
  else if (!/^(?:-|\/dev\/std(?:in|out|err))$/.test(path)) analysis[use].add(normalizePath(path));
}

/** The string at an index, if nothing is joined to it. */
function stringBetween(tokens: readonly AwkToken[], index: number, end?: string): string | undefined {
  const token = tokens[index];
  const next = tokens[index + 1];
  const isWhole =
    end === undefined ? next === undefined || next.type === "end" || next.text === ")" : next?.text === end;
  return token?.type === "string" && isWhole ? token.text : undefined;
}

/** `print | "command"`, `"command" | getline` */
function pipeOf(tokens: readonly AwkToken[], index: number): string | undefined {
  const behind = tokens[index + 1]?.text === "&" ? index + 2 : index + 1;
  const isRead = tokens[behind]?.type === "word" && tokens[behind]?.text === "getline";
  if (!isRead) return stringBetween(tokens, behind);
  const before = tokens[index - 1];
  const further = tokens[index - 2];
  const isWhole = further === undefined || further.type === "end" || /^(?:[(&|!]|&&|\|\|)$/.test(further.text);
  return before?.type === "string" && isWhole ? before.text : undefined;
}
