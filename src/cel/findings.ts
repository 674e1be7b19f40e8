import type { Compiled, Run } from "./compiled.ts";
import { containsFact, type Fact, type Place } from "./facts.ts";
import type { EvalFrame } from "./frame.ts";
import { CelError, isCelError } from "./values.ts";

/**
 * What a node is of the value that a parser made of a text: the value, a list in it, a command of the list, or a text that is
 * made of one. A slot holds what was found in that text (`findingsOf`), once per decision, so that the index can file by it the
 * rules that ask about commands.
 *
 * INVARIANT: where the slot resolves, the node is no error but for want of fuel.
 */
export interface Found {
  /** Of `findingsOf`. */
  readonly slot: number;
  readonly part: "whole" | "commands" | "programs" | "texts" | "command" | "program" | "text";
  /** The finding that says that a list holds something. */
  readonly list?: string;
  /** Stands for `program` of the command in facts about it; only below a command. */
  readonly programSlot?: number;
}

/** Lists that are found or not. */
const LISTS: readonly string[] = ["commands", "reads", "writes", "hosts", "urls"];

const FLAGS: readonly string[] = [
  ...["dynamic", "has_unknown_program", "has_substitution", "has_pipe", "has_redirect", "has_background"],
  ...["has_function", "has_heredoc", "has_glob"],
];

const COMMAND_LISTS: readonly string[] = ["args", "words", "flags", "reads", "writes", "wrapped_by", "piped_from"];

const programFinding = (program: string) => `program ${program}`;

const NO_FINDINGS = new CelError("nothing to look for in what is no command");

/** What is found in what `shell()` gave: which programs run, which lists hold something, what is the case. */
export function findingsOf(value: unknown): readonly string[] | CelError {
  if (typeof value !== "object" || value === null || isCelError(value)) return NO_FINDINGS;
  const parsed = value as Readonly<Record<string, unknown>>;
  const found = new Set<string>();
  for (const { program } of parsed.commands as readonly { program: string }[]) found.add(programFinding(program));
  for (const list of LISTS) if ((parsed[list] as readonly unknown[]).length > 0) found.add(list);
  for (const flag of FLAGS) if (parsed[flag] === true) found.add(flag);
  return [...found];
}

/** `operand.key` */
export function selectFound({ slot, part, programSlot }: Found, key: string): Found | undefined {
  if (part === "whole") {
    if (key === "programs") return { slot, part: "programs" };
    return LISTS.includes(key) ? { slot, part: key === "commands" ? "commands" : "texts", list: key } : undefined;
  }
  if (part !== "command") return undefined;
  if (key === "program") return { slot, part: "program", ...(programSlot !== undefined && { programSlot }) };
  return COMMAND_LISTS.includes(key) ? { slot, part: "texts" } : undefined;
}

/** What the variable of a comprehension holds. @param local where the frame keeps it */
export function elementOf({ slot, part }: Found, local: number): Found | undefined {
  if (part === "commands") return { slot, part: "command", programSlot: -1 - local };
  return part === "texts" || part === "programs" ? { slot, part: "text" } : undefined;
}

/** `value.key` that is a bool is false unless it is found. */
export function flagFacts(found: Found | undefined, key: string): Fact[] {
  return found?.part === "whole" && FLAGS.includes(key) ? [findingFact(found.slot, key)] : [];
}

/** `"git" in value.programs`, `value.runs("git")` */
export function programFacts(found: Found | undefined, program: unknown): Fact[] {
  return typeof program === "string" && (found?.part === "programs" || found?.part === "whole")
    ? [findingFact(found.slot, programFinding(program))]
    : [];
}

/** `list.exists(...)`: what its body says of the element's program, or else that the list holds something. */
export function existsFacts(range: Found, element: Found, body: readonly Fact[]): Fact[] {
  const { slot, list } = range;
  const { programSlot } = element;
  const own = body.flatMap((fact) =>
    fact.slot === programSlot && fact.op === "equals" ? [programsFact(slot, fact.values)] : [],
  );
  const others = body.filter((fact) => fact.baseSlot === slot && fact.slot !== programSlot);
  return [...own, ...(own.length === 0 && list !== undefined ? [findingFact(slot, list)] : []), ...others];
}

/** `program == "git"` of a command, for `existsFacts`. */
export function programPlace({ slot, part, programSlot }: Found): Place | undefined {
  if (part !== "program" || programSlot === undefined) return undefined;
  return { slot: programSlot, baseSlot: slot, keys: [], absentValue: undefined };
}

const programsFact = (slot: number, programs: readonly unknown[]): Fact =>
  ({ ...findingFact(slot, ""), values: programs.map((program) => programFinding(String(program))) }) as Fact;

const findingFact = (slot: number, finding: string): Fact =>
  containsFact({ slot, baseSlot: slot, keys: [], absentValue: undefined }, finding);

/**
 * Looks at the slots first: a node that is false because something is not found spends no fuel to say so, which is what the index
 * relies on.
 */
export function guarded(compiled: Compiled): Compiled {
  const guards = compiled.facts.flatMap((fact) => (fact.op === "contains" && fact.slot >= 0 ? [guardOf(fact)] : []));
  if (guards.length === 0) return compiled;
  const { run } = compiled;
  const [guard, ...others] = guards as [Guard, ...Guard[]];
  const all: Run =
    others.length === 0
      ? (frame) => (guard(frame) ? run(frame) : false)
      : (frame) => (guards.every((each) => each(frame)) ? run(frame) : false);
  return { ...compiled, run: all };
}

type Guard = (frame: EvalFrame) => boolean;

function guardOf({ slot, values }: { readonly slot: number; readonly values: readonly string[] }): Guard {
  const wanted = new Set(values);
  return (frame) => {
    const found = frame.read(slot);
    if (!Array.isArray(found)) return true;
    for (let at = 0; at < found.length; at++) if (wanted.has(found[at] as string)) return true;
    return false;
  };
}
