import type {
  CommandExpansionPart,
  DoubleQuotedChild,
  ParameterExpansionPart,
  ProcessSubstitutionPart,
  Word,
  WordPart,
} from "unbash";
import { expandBraces } from "./brace-expansion.ts";
import { type Field, staticField } from "./field.ts";
import { FieldBuilder } from "./field-builder.ts";
import { refuseOpened, type Scope } from "./scope.ts";
import { visitSubstitutions } from "./visit-substitutions.ts";

/** What the shell makes of a word in a command: braces, tilde, variables, splitting. Walks the substitutions it holds. */
export function expandWord(word: Word, scope: Scope): Field[] {
  const { text } = word;
  scope.analysis.spend(text.length);
  if (!SPECIAL.test(text)) return [staticField(text)];
  const parts = word.parts ?? [literal(word)];
  const alternatives = parts.some((part) => part.type === "BraceExpansion") ? expandAllBraces(parts, scope) : [parts];
  return alternatives.flatMap((alternative) => {
    const builder = new FieldBuilder(scope.analysis, true);
    appendParts(alternative, scope, builder);
    return builder.finish();
  });
}

/** What the shell makes of a word where it expects one: an assigned value, a file to redirect to. */
export function expandToOne(word: Word, scope: Scope): Field {
  const { text } = word;
  scope.analysis.spend(text.length);
  if (!SPECIAL.test(text)) return staticField(text);
  return joinParts(word.parts ?? [literal(word)], scope);
}

/** Text of a here-document or an operand, in which nothing is split. */
export function joinParts(parts: readonly WordPart[], scope: Scope): Field {
  const builder = new FieldBuilder(scope.analysis, false);
  appendParts(parts, scope, builder);
  return builder.finish()[0] ?? staticField("");
}

const SPECIAL = /[^\w./:=@%+,-]/;

/** A word without structure may still hold backslashes and a tilde. */
function literal({ text, value, pos, end }: Word): WordPart {
  return { type: "Literal", text, value, pos, end };
}

/** Every combination of the alternatives, or the parts as they are where they cannot be known. */
function expandAllBraces(parts: readonly WordPart[], scope: Scope): readonly (readonly WordPart[])[] {
  let words: WordPart[][] = [[]];
  for (const part of parts) {
    const texts = part.type === "BraceExpansion" ? expandBraces(part.text) : undefined;
    if (part.type === "BraceExpansion" && texts === undefined) return [parts];
    const pieces = texts?.map((text) => ({ ...part, type: "Literal", text, value: text }) as WordPart) ?? [part];
    if (words.length * pieces.length > WORDS_MAX) return [parts];
    scope.analysis.spend(words.length * pieces.length);
    words = words.flatMap((word) => pieces.map((piece) => [...word, piece]));
  }
  return words;
}

const WORDS_MAX = 256;

function appendParts(parts: readonly WordPart[], scope: Scope, builder: FieldBuilder): void {
  for (const [index, part] of parts.entries()) {
    if (part.type === "Literal") refuseOpened(part.text, scope);
    if (index === 0 && part.type === "Literal") appendTilde(part.text, part.value, scope, builder);
    else appendPart(part, scope, builder);
  }
}

function appendTilde(text: string, value: string, scope: Scope, builder: FieldBuilder): void {
  const home = /^~(?=$|\/)/.test(text) ? scope.variables.get("HOME") : undefined;
  if (home === undefined) {
    builder.literal(value);
    return;
  }
  builder.value(home, true);
  builder.literal(value.slice(1));
}

function appendPart(part: WordPart, scope: Scope, builder: FieldBuilder): void {
  switch (part.type) {
    case "Literal":
    case "SingleQuoted":
      builder.literal(part.value);
      return;
    case "AnsiCQuoted":
      // What its bytes are where they are no UTF-8 is not known.
      part.value.includes("\ufffd") ? builder.unknown(part.value, true) : builder.literal(part.value);
      return;
    case "Glob":
      builder.glob(part.text);
      return;
    case "DoubleQuoted":
      appendQuoted(part.parts, scope, builder);
      return;
    case "LocaleString":
      // A translation may say something else.
      builder.unknown("", true);
      appendQuoted(part.parts, scope, builder);
      return;
    case "SimpleExpansion":
    case "ParameterExpansion":
      appendVariable(part, scope, builder, false);
      return;
    case "ProcessSubstitution":
      appendProcess(part, scope, builder);
      return;
    case "CommandExpansion":
      appendOutput(part, scope, builder, false);
      return;
    default:
      if (part.type === "ExtendedGlob") builder.glob("");
      visitSubstitutions(part, scope);
      builder.unknown(part.text, part.type === "ArithmeticExpansion");
      return;
  }
}

/** `$(echo rm) x` runs `rm`; where that is not sure it is shown nevertheless. */
function appendOutput(part: CommandExpansionPart, scope: Scope, builder: FieldBuilder, isQuoted: boolean): void {
  const output = visitSubstitutions(part, scope);
  const text = output?.text.replace(/\n+$/, "") ?? "";
  if (output === undefined || (output.dynamic && (text === "" || /[$`\\]/.test(text)))) {
    builder.unknown(part.text, isQuoted);
    return;
  }
  if (!output.dynamic) scope.analysis.usesOutput = true;
  const isSplitOtherwise = !isQuoted && scope.variables.get("IFS") !== undefined;
  builder.value({ text, dynamic: output.dynamic || isSplitOtherwise }, isQuoted);
}

function appendProcess(part: ProcessSubstitutionPart, scope: Scope, builder: FieldBuilder): void {
  const start = scope.analysis.commands.length;
  visitSubstitutions(part, scope);
  builder.file(part.text, part.operator === "<" ? scope.analysis.programsSince(start) : []);
}

function appendQuoted(parts: readonly DoubleQuotedChild[], scope: Scope, builder: FieldBuilder): void {
  builder.literal("");
  for (const part of parts) {
    if (part.type === "Literal") {
      refuseOpened(part.text, scope);
      builder.literal(part.value);
    } else if (part.type === "SimpleExpansion" || part.type === "ParameterExpansion") {
      appendVariable(part, scope, builder, true);
    } else if (part.type === "CommandExpansion") {
      appendOutput(part, scope, builder, true);
    } else {
      visitSubstitutions(part, scope);
      builder.unknown(part.text, true);
    }
  }
}

type VariablePart = Extract<WordPart, { type: "SimpleExpansion" | "ParameterExpansion" }>;

function appendVariable(part: VariablePart, scope: Scope, builder: FieldBuilder, isQuoted: boolean): void {
  if (part.type === "SimpleExpansion") {
    appendNamed(part.text.slice(1), part.text, scope, builder, isQuoted);
    return;
  }
  const { operation, index, prefix, parameter, text } = part;
  if (operation === undefined && index === undefined && prefix === undefined) {
    appendNamed(parameter, text, scope, builder, isQuoted);
    return;
  }
  visitSubstitutions(part, scope);
  const isArray = index !== undefined && operation === undefined && prefix === undefined;
  const known = isArray ? scope.variables.get(parameter) : defaultOf(part, scope);
  if (known === undefined || (isArray && /[$`]/.test(known.text))) builder.unknown(text, isQuoted);
  else builder.value(isArray ? { ...known, dynamic: true } : known, isQuoted && !isArray);
}

/** `${x:-word}` and the like, where one of its values is known. */
function defaultOf(part: ParameterExpansionPart, scope: Scope): { text: string; dynamic: boolean } | undefined {
  const { operation, parameter, index, prefix } = part;
  if (operation?.type !== "Default" || index !== undefined || prefix !== undefined) return undefined;
  const value = scope.variables.get(parameter);
  const operand = () => ({ text: expandToOne(operation.operand, scope).text, dynamic: true });
  if (operation.operator.endsWith("+")) return operand();
  if (value !== undefined && !value.dynamic && value.text !== "") return value;
  if (operation.operator.endsWith("?")) return undefined;
  const word = operand();
  if (operation.operator.endsWith("=")) scope.variables.set(parameter, word);
  return word;
}

function appendNamed(name: string, text: string, scope: Scope, builder: FieldBuilder, isQuoted: boolean): void {
  const value = scope.variables.get(name) ?? PRESET.get(name);
  if (value === undefined) {
    builder.unknown(text, isQuoted);
    return;
  }
  const isSplitOtherwise = !isQuoted && scope.variables.get("IFS") !== undefined;
  const isWhole = isQuoted && name !== "@" && name !== "*";
  builder.value(isSplitOtherwise ? { ...value, dynamic: true } : value, isWhole);
}

/** The home directory is called `~`; words are separated as a shell does that nobody told otherwise. */
const PRESET: ReadonlyMap<string, { text: string; dynamic: boolean }> = new Map([
  ["HOME", { text: "~", dynamic: false }],
  ["IFS", { text: " \t\n", dynamic: false }],
]);
