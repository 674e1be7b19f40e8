import type {
  Command,
  Coproc,
  Function as FunctionNode,
  HereDoc,
  HereString,
  Pipeline,
  Redirect,
  TestBinaryExpression,
  TestUnaryExpression,
} from "unbash";
import { refuseSyntax, type Scope } from "./scope.ts";

/** Refuses what the parser takes and bash does not; found by comparing the two on generated texts. */
export function refuseCommand({ name, suffix }: Command, scope: Scope): void {
  if (name === undefined) return;
  if (name.text === "\\" && isAtEnd(name.end, scope) && name.pos > 0) refuseSyntax("nothing behind a backslash", scope);
  // `ls (a` is read as if the parenthesis was not there.
  if (afterBlanks(name.end, scope) === "(" && suffix[0]?.pos !== name.end)
    refuseSyntax("unexpected parenthesis", scope);
}

export function refuseTarget({ target, operator }: Redirect | HereString, scope: Scope): void {
  if (target === undefined) return;
  if (target.text === "\\" && isAtEnd(target.end, scope)) refuseSyntax("nothing behind a backslash", scope);
  // `> x=(a)` is no array.
  if (scope.source[target.end] === "(" || /^\w+\+?=\(/.test(target.text)) refuseSyntax("unexpected parenthesis", scope);
  // In `> 2> x` the number belongs to the second redirection, in `2>&1<x` to the first.
  if (!operator.endsWith("&") && /^\d+$/.test(target.text) && /[<>]/.test(scope.source[target.end] ?? ""))
    refuseSyntax("missing target", scope);
}

export function refuseDelimiter({ delimiter }: HereDoc, scope: Scope): void {
  const unquoted = delimiter?.text.replace(/\\[\s\S]|'[^']*'|"(?:[^"\\]|\\[\s\S])*"/g, "") ?? "";
  if (/['"]/.test(unquoted)) refuseSyntax("unterminated quote", scope);
}

/** `! | x`, `time &`, `(!)`: without a command bash takes them at the end of a line or before a semicolon only. */
export function refuseEmpty({ commands, end }: Pipeline, scope: Scope): void {
  if (commands.length > 0) return;
  const rest = scope.source.slice(end).replace(/^(?:[ \t]|\\\n)+/, "");
  if (!/^(?:$|[\n#]|;(?![;&]))/.test(rest)) refuseSyntax("nothing to run", scope);
}

/** `[[ - > | ]]`: an operator is no operand; a pattern behind `=~` may look like one. */
export function refuseOperand(
  { type, operator, ...test }: TestUnaryExpression | TestBinaryExpression,
  scope: Scope,
): void {
  const operands = "left" in test ? [test.left, test.right] : [test.operand];
  const isOperator = operands.some(({ text }) => /^[|&;<>()]+$/.test(text));
  if (isOperator && (type === "TestUnary" || operator !== "=~")) refuseSyntax("missing operand", scope);
  // `[[ 2>1 ]]` has a redirection, where `[[ a>1 ]]` compares.
  if (operands.some(({ text }) => /^(?:\d+|\{\w+\})[<>]/.test(text))) refuseSyntax("unexpected redirection", scope);
}

/** `coproc x then`: behind a name bash expects a command; a reserved word begins a compound one, which is parsed as such. */
export function refuseCoproc({ body }: Coproc, scope: Scope): void {
  const next = body.type === "Command" ? body.args[0] : undefined;
  if (next !== undefined && RESERVED.test(next.text)) refuseSyntax("unexpected word", scope);
}

/** But for `time`. */
const RESERVED =
  /^(?:[!{}]|\[\[|\]\]|case|coproc|do|done|elif|else|esac|fi|for|function|if|in|select|then|until|while)$/;

/** `X=1 f() { a; }`, `>f g() { a; }`: the parser leaves out what stands before a function on its line. */
export function refuseFunction({ pos }: FunctionNode, scope: Scope): void {
  const before = scope.source.slice(0, pos).replace(/(?:[ \t]|\\\n)+$/, "");
  if (before !== "" && !BEGINS_COMMAND.test(before)) refuseSyntax("unexpected parenthesis", scope);
}

/** Behind `<` and `>` a reserved word is a file's name. */
const BEGINS_COMMAND =
  /[;&|(){}!`\n]$|(?:^|[\s;&|(){}`])(?<![<>][ \t]*)(?:if|then|elif|else|while|until|do|time|-p|coproc|in)$/;

function isAtEnd(position: number, { source }: Scope): boolean {
  return position >= source.length;
}

function afterBlanks(position: number, { source }: Scope): string {
  let index = position;
  while (source[index] === " " || source[index] === "\t" || (source[index] === "\\" && source[index + 1] === "\n")) {
    index += source[index] === "\\" ? 2 : 1;
  }
  return source[index] ?? "";
}
