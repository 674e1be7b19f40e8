import type { ShellInvocation } from "./types.ts";

/** What has been found so far. What goes beyond a bound throws `Refused`, which `analyzeShell` catches. */
export class Analysis {
  readonly commands: ShellInvocation[] = [];
  readonly programs = new Set<string>();
  readonly reads = new Set<string>();
  readonly writes = new Set<string>();
  readonly hosts = new Set<string>();
  readonly urls = new Set<string>();
  readonly assignments: Record<string, string> = Object.create(null);
  dynamic = false;
  hasUnknownProgram = false;
  hasSubstitution = false;
  hasPipe = false;
  hasRedirect = false;
  hasBackground = false;
  hasFunction = false;
  hasHeredoc = false;
  hasGlob = false;
  /** Something is read as shell text that is a word already: arithmetic, `${x@P}`, `[[ -v x ]]`. */
  readsAgain = false;
  /** A quoted text holds a substitution, which runs if it is read again. */
  holdsQuotedSubstitution = false;
  /** What a substitution gives was taken for known. */
  usesOutput = false;
  #work = 0;

  add(invocation: ShellInvocation): void {
    if (this.commands.length >= COMMANDS_MAX) throw new Refused(`more than ${COMMANDS_MAX} commands`);
    this.commands.push(invocation);
    this.programs.add(invocation.program);
    if (invocation.dynamic) this.dynamic = true;
  }

  /** Something runs, and what it is cannot be known. */
  runsUnknown(): void {
    this.dynamic = true;
    this.hasUnknownProgram = true;
  }

  /** INVARIANT: whatever can multiply (braces, variables, nested texts) is paid for here before it is kept. */
  spend(characters: number): void {
    this.#work += characters + 1;
    if (this.#work > WORK_MAX) throw new Refused("too much to expand");
  }

  /** @param depth how many substitutions, nested texts or wrappers something is in */
  enter(depth: number): void {
    if (depth > DEPTH_MAX) throw new Refused(`more than ${DEPTH_MAX} levels deep`);
  }

  programsSince(start: number): string[] {
    return [...new Set(this.commands.slice(start).map(({ program }) => program))];
  }
}

/** The text is not analysed; the message says why. */
export class Refused extends Error {}

const COMMANDS_MAX = 500;
/** Deeper than any command that a person would write. */
const DEPTH_MAX = 12;
/** Characters of expanded words and nested texts; three times the longest text. */
const WORK_MAX = 49_152;
