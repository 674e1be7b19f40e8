import type { Analysis } from "./analysis.ts";
import type { Field } from "./field.ts";
import { filesOf } from "./file-operands.ts";
import { addNetworkTargets } from "./network-targets.ts";
import { baseName } from "./normalize-path.ts";
import { outputOf } from "./output-of.ts";
import { kindOf } from "./program-kinds.ts";
import { type Arguments, readArguments } from "./read-arguments.ts";
import type { Connections } from "./redirections.ts";
import type { Scope } from "./scope.ts";
import { unwrap } from "./unwrap.ts";

/** What stands around the words of a command. */
export interface Surroundings {
  readonly assignments?: Readonly<Record<string, Field>>;
  readonly connections?: Connections;
}

/** Runs a program that a wrapper starts with these words. */
export function runArgv(fields: readonly Field[], scope: Scope): string | undefined {
  return invoke(fields, scope, {});
}

/** Notes that a program runs with these words, and follows what it runs in turn. Gives its output as far as it is known. */
export function invoke(fields: readonly Field[], scope: Scope, around: Surroundings): string | undefined {
  const [first, ...words] = fields;
  if (first === undefined) return undefined;
  const { analysis } = scope;
  const program = programOf(first);
  const isKnown = !first.dynamic && !first.glob && first.feeds.length === 0 && /^[^{}$`]+$|^[{}]$/.test(program);
  if (!isKnown) analysis.runsUnknown();
  const parsed = readArguments(kindOf(program), bundled(kindOf(program), words));
  const input = around.connections?.input === undefined ? scope.input : around.connections.input;
  const feeds = [...(around.connections?.feeds ?? []), ...words.flatMap((word) => word.feeds)];
  const inner = {
    ...scope,
    input,
    pipedFrom: feeds.length === 0 ? scope.pipedFrom : [...new Set([...scope.pipedFrom, ...feeds])],
  };
  note(first, program, words, parsed, inner, around, isKnown);
  if (first.dynamic && first.splits && words.length > 0)
    invoke(words, { ...inner, wrappedBy: [...scope.wrappedBy, program] }, {});
  unwrap({ program, kind: kindOf(program), fields: words, parsed, assignments: around.assignments ?? {} }, inner);
  return around.connections?.writes.length ? undefined : outputOf(kindOf(program), parsed, inner);
}

/** SECURITY: the base name of a program that is not static is given only where it is written out. */
function programOf({ text, dynamic }: Field): string {
  const name = baseName(text);
  if (name === "") return text;
  return dynamic && !/^[\w.+-]+$/.test(name) ? text : name;
}

/** `tar cfz a.tgz b`: letters in front without a dash take their values from the words behind, in order. */
function bundled(kind: string, fields: readonly Field[]): readonly Field[] {
  const [letters, ...others] = fields;
  if (kind !== "tar" || letters === undefined || letters.dynamic || !/^[A-Za-z]+$/.test(letters.text)) return fields;
  const options = [...letters.text].flatMap((letter) => {
    const value = "fCTXbgIKLVHFNs".includes(letter) ? others.splice(0, 1) : [];
    return [{ ...letters, text: `-${letter}` }, ...value];
  });
  return [...options, ...others];
}

function note(
  first: Field,
  program: string,
  words: readonly Field[],
  parsed: Arguments,
  scope: Scope,
  { assignments = {}, connections }: Surroundings,
  isKnown: boolean,
): void {
  const { analysis } = scope;
  const files = filesOf(parsed, words);
  addAll(analysis, files);
  addNetworkTargets(parsed, words, analysis);
  const values = Object.values(assignments);
  analysis.add({
    program,
    path: first.text.includes("/") ? first.text : "",
    args: parsed.operands.map(textOf),
    words: words.map(textOf),
    flags: parsed.flags,
    options: parsed.options,
    assignments: Object.fromEntries(Object.entries(assignments).map(([name, { text }]) => [name, text])),
    dynamic: !isKnown || connections?.dynamic === true || [...words, ...values].some(({ dynamic }) => dynamic),
    reads: unique([...(connections?.reads ?? []), ...files.reads]),
    writes: unique([...(connections?.writes ?? []), ...files.writes]),
    wrapped_by: scope.wrappedBy,
    piped_from: scope.pipedFrom,
    background: scope.background,
  });
}

function addAll(analysis: Analysis, { reads, writes }: { reads: readonly string[]; writes: readonly string[] }): void {
  for (const path of reads) analysis.reads.add(path);
  for (const path of writes) analysis.writes.add(path);
}

function unique(texts: readonly string[]): readonly string[] {
  return texts.length < 2 ? texts : [...new Set(texts)];
}

function textOf({ text }: Field): string {
  return text;
}
