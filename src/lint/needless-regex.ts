import type { CallNode, Node } from "../cel/ast.ts";
import { typeAtPath } from "../cel/environment.ts";
import { Lexer } from "../cel/lexer.ts";
import { plainPattern } from "../cel/regex.ts";
import { unparse } from "../cel/unparse.ts";
import type { Remark } from "./impossible-comparison.ts";
import { type InputPath, inputPathOf, isText, type Scope } from "./scope.ts";
import type { Edit, LintRule } from "./types.ts";
import { walk } from "./walk.ts";

/** A remark on a regular expression; the edit is of the condition. */
export interface RegexRemark extends Remark {
  readonly edit: Edit | undefined;
}

/** What says the same as a pattern, without being one. */
type Plain =
  | { readonly kind: "startsWith" | "endsWith" | "contains"; readonly text: string }
  | { readonly kind: "in"; readonly texts: readonly string[] };

/**
 * Regular expressions that a plain test or a glob says better: whoever reads it sees at once what matches, and the rule can
 * be filed under it.
 */
export function findNeedlessRegexes({ condition, draft }: LintRule): RegexRemark[] {
  if (condition === undefined) return [];
  return [...walk(condition)].flatMap(({ node, scope, parent }): RegexRemark[] => {
    const [pattern] = node.kind === "call" ? node.args : [];
    if (node.kind !== "call" || node.name !== "matches" || node.target === undefined) return [];
    if (pattern === undefined || !isText(pattern) || node.args.length !== 1) return [];
    const plain = plainOf(pattern.value);
    if (plain === undefined) return globRemark(node, node.target, pattern.value);
    const path = inputPathOf(node.target, scope);
    const better = betterText(node.target, plain);
    const isExact = plain.kind !== "in" || isStringPath(path);
    const message = `this regular expression says no more than \`${better}\`${isExact ? "" : ", which for what is no text is false instead of an error"}`;
    const edit = isExact ? editFor({ node, parent, plain, path, scope, source: draft.when!.source }) : undefined;
    return [{ offset: node.offset, message, edit }];
  });
}

/** Patterns that are plain text, also with alternatives or with `.*` at an end that is open anyway. */
function plainOf(pattern: string): Plain | undefined {
  const [, list] = /^\^\((?:\?:)?([^()]*)\)\$$/.exec(pattern) ?? [];
  if (list !== undefined) {
    const texts = list.split("|").map((item) => plainPattern(`^${item}$`));
    // An escaped `|` is split too: then its `\` is left alone, and the part is no plain text.
    return texts.every((text) => text?.atEnd === true) ? inList(texts.map((text) => text!.text)) : undefined;
  }
  const plain = plainPattern(pattern.replace(/^\.\*/, "").replace(/(?<!\\)\.\*$/, ""));
  if (plain === undefined || plain.text === "") return undefined;
  const atStart = plain.atStart && !pattern.startsWith(".*");
  const atEnd = plain.atEnd && !pattern.endsWith(".*");
  if (atStart !== plain.atStart || atEnd !== plain.atEnd) return undefined;
  if (atStart && atEnd) return inList([plain.text]);
  return { kind: atStart ? "startsWith" : atEnd ? "endsWith" : "contains", text: plain.text };
}

function inList(texts: readonly string[]): Plain {
  return { kind: "in", texts };
}

/** `^a.*b$` is a glob but for line breaks, so only a person can say whether it is meant. */
function globRemark(node: CallNode, target: Node, pattern: string): RegexRemark[] {
  const body = /^\^(.*)\$$/.exec(pattern)?.[1];
  const parts = body?.split(".*").map((part) => plainPattern(`^${part}$`));
  if (parts === undefined || parts.length < 2 || !parts.every((part) => part?.atEnd === true)) return [];
  const glob = parts.map((part) => part!.text).join("*");
  if (parts.some((part) => /[*?]/.test(part!.text)) || glob === "*") return [];
  const better = `glob(${JSON.stringify(glob)}, ${unparse(target)})`;
  const message = `this regular expression is \`${better}\`, except that \`.\` stops at a line break`;
  return [{ offset: node.offset, message, edit: undefined }];
}

function isStringPath(path: InputPath | undefined): boolean {
  return path !== undefined && typeAtPath(path.keys)?.kind === "string";
}

function betterText(target: Node, plain: Plain): string {
  if (plain.kind !== "in") return `${unparse(target)}.${plain.kind}(${JSON.stringify(plain.text)})`;
  const [first] = plain.texts;
  if (plain.texts.length === 1) return `${unparse(target)} == ${JSON.stringify(first)}`;
  return `${unparse(target)} in [${plain.texts.map((text) => JSON.stringify(text)).join(", ")}]`;
}

interface Rewrite {
  readonly node: CallNode;
  readonly parent: Node | undefined;
  readonly plain: Plain;
  readonly path: InputPath | undefined;
  readonly scope: Scope<unknown> | undefined;
  readonly source: string;
}

/** Beyond this length `contains` costs more fuel than the pattern does. */
const TEXT_MAX = 127;

/** @returns undefined where the texts are not plain enough to be put into a rule file by a program */
function editFor({ node, parent, plain, path, source }: Rewrite): Edit | undefined {
  const texts = plain.kind === "in" ? plain.texts : [plain.text];
  if (!texts.every((text) => /^[\x20-\x7e]*$/.test(text) && !/["'\\]/.test(text) && text.length <= TEXT_MAX))
    return undefined;
  const call = tokensOf(source, node.offset);
  if (call === undefined) return undefined;
  const quoted = texts.map((text) => `${call.quote}${text}${call.quote}`);
  if (plain.kind !== "in") return { start: node.offset, end: call.end, text: `${plain.kind}(${quoted[0]})` };
  const start = path && chainStart(node.target!, source);
  if (start === undefined) return undefined;
  const subject = source.slice(start, source.lastIndexOf(".", node.offset)).trimEnd();
  const test = quoted.length === 1 ? `${subject} == ${quoted[0]}` : `${subject} in [${quoted.join(", ")}]`;
  const isOperand = parent !== undefined && parent.kind !== "and" && parent.kind !== "or";
  return { start, end: call.end, text: isOperand ? `(${test})` : test };
}

/** Where the call ends, and with which quotes its pattern is written. */
function tokensOf(source: string, offset: number): { readonly end: number; readonly quote: string } | undefined {
  const lexer = new Lexer(source.slice(offset));
  lexer.advance();
  lexer.advance();
  const [, quote] = /^[rR]?("""|'''|"|')/.exec(source.slice(offset + lexer.start, offset + lexer.end)) ?? [];
  lexer.advance();
  if (quote === undefined || lexer.kind !== ")") return undefined;
  return { end: offset + lexer.end, quote: quote[0]! };
}

/** Where a path begins that is written without parentheses, calls or a leading dot. */
function chainStart(node: Node, source: string): number | undefined {
  let at = node;
  while (at.kind === "select" || at.kind === "index") at = at.operand;
  if (at.kind !== "ident" || at.isRoot || source[at.offset - 1] === "(") return undefined;
  return at.offset;
}
