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
  readonly assignments?: Readonly<Record<string, Field>> | undefined;
  readonly connections?: Connections | undefined;
}

/** Runs a program that a wrapper starts with these words. */
export function runArgv(fields: readonly Field[], scope: Scope): Field | undefined {
  return invoke(fields, scope, {});
}

/** Notes that a program runs with these words, and follows what it runs in turn. Gives its output as far as it is known. */
export function invoke(fields: readonly Field[], scope: Scope, around: Surroundings): Field | undefined {
  const first = fields[0];
  if (first === undefined) return undefined;
  scope.analysis.enter(scope.wrappedBy.length);
  scope.analysis.spend(fields.length);
  const words = fields.slice(1);
  const program = programOf(first);
  const isKnown = !first.dynamic && !first.glob && first.feeds.length === 0 && !/[{}$`].|^=/.test(program);
  if (!isKnown) scope.analysis.runsUnknown();
  const kind = kindOf(program);
  const parsed = readArguments(kind, kind === "tar" ? bundled(words) : words);
  const inner = connect(words, scope, around.connections);
  note({ program, first, words, parsed, isKnown }, inner, around);
  if (first.dynamic && first.splits) runBehindUnknown(words, { ...inner, wrappedBy: [...scope.wrappedBy, program] });
  unwrap({ program, kind, fields: words, parsed, assignments: around.assignments }, inner);
  if (around.connections !== undefined && around.connections.writes.length > 0) return undefined;
  const output = outputOf(kind, words, parsed, inner);
  // By a path it may be any program, and what is redirected may go elsewhere.
  const isSure = first.text === kind && isKnown && around.connections?.isRedirected !== true;
  return output === undefined || isSure ? output : { ...output, dynamic: true };
}

/** What a program reads by its redirections and by words that stand for another program's output. */
function connect(words: readonly Field[], scope: Scope, connections: Connections | undefined): Scope {
  const fed = words.some(({ feeds }) => feeds.length > 0);
  if (connections === undefined && !fed) return scope;
  const { input = scope.input, feeds = NONE } = connections ?? {};
  if (!fed && feeds.length === 0) return input === scope.input ? scope : { ...scope, input };
  const pipedFrom = unique([...scope.pipedFrom, ...feeds, ...words.flatMap((word) => word.feeds)]);
  return { ...scope, input, pipedFrom };
}

const NONE: readonly string[] = [];

/** `$SUDO rm x`: an unknown program may be none, or one that runs the words behind it. */
function runBehindUnknown(words: readonly Field[], scope: Scope): void {
  const start = words.findIndex(({ splits }) => !splits);
  if (start !== -1) invoke(words.slice(start), scope, {});
}

/** SECURITY: the base name of a program that is not static is given only where it is written out. */
function programOf({ text, dynamic }: Field): string {
  const name = baseName(text);
  if (name === "") return text;
  return dynamic && !/^[\w.+-]+$/.test(name) ? text : name;
}

/** `tar cfz a.tgz b`: letters in front without a dash take their values from the words behind, in order. */
function bundled(fields: readonly Field[]): readonly Field[] {
  const [letters, ...others] = fields;
  if (letters === undefined || letters.dynamic || !/^[A-Za-z]+$/.test(letters.text)) return fields;
  const options = [...letters.text].flatMap((letter) => {
    const value = "fCTXbgIKLVHFNs".includes(letter) ? others.splice(0, 1) : [];
    return [{ ...letters, text: `-${letter}` }, ...value];
  });
  return [...options, ...others];
}

interface Found {
  readonly program: string;
  readonly first: Field;
  readonly words: readonly Field[];
  readonly parsed: Arguments;
  readonly isKnown: boolean;
}

function note(
  { program, first, words, parsed, isKnown }: Found,
  { analysis, wrappedBy, pipedFrom, background }: Scope,
  { assignments, connections }: Surroundings,
): void {
  const files = filesOf(parsed, words);
  for (const path of files.reads) analysis.reads.add(path);
  for (const path of files.writes) analysis.writes.add(path);
  addNetworkTargets(parsed, words, analysis);
  analysis.add({
    program,
    path: first.text.includes("/") ? first.text : "",
    args: parsed.operands.map(textOf),
    words: words.map(textOf),
    flags: parsed.flags,
    options: parsed.options,
    assignments: assignments === undefined ? NO_ASSIGNMENTS : textsOf(assignments),
    dynamic:
      !isKnown ||
      connections?.dynamic === true ||
      words.some(isDynamic) ||
      (assignments !== undefined && Object.values(assignments).some(isDynamic)),
    reads: connections === undefined ? files.reads : unique([...connections.reads, ...files.reads]),
    writes: connections === undefined ? files.writes : unique([...connections.writes, ...files.writes]),
    wrapped_by: wrappedBy,
    piped_from: pipedFrom,
    background,
  });
}

const NO_ASSIGNMENTS: Readonly<Record<string, string>> = Object.freeze({});

/** Any name may be assigned, `__proto__` too. */
function textsOf(assignments: Readonly<Record<string, Field>>): Record<string, string> {
  const texts: Record<string, string> = Object.create(null);
  for (const [name, { text }] of Object.entries(assignments)) texts[name] = text;
  return texts;
}

function unique(texts: readonly string[]): readonly string[] {
  return texts.length < 2 ? texts : [...new Set(texts)];
}

function textOf({ text }: Field): string {
  return text;
}

function isDynamic({ dynamic }: Field): boolean {
  return dynamic;
}
