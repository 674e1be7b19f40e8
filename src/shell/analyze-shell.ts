import { parse } from "unbash";
import { Analysis, Refused } from "./analysis.ts";
import { createRunner } from "./run-script.ts";
import { refuseText } from "./text-bounds.ts";
import type { ShellCommand } from "./types.ts";
import { Variables } from "./variables.ts";

/** What would run if a shell was given this text. Never throws; what cannot be analysed is not `ok`. */
export function analyzeShell(text: string): ShellCommand {
  const refusal = refuseText(text);
  if (refusal !== undefined) return resultOf(new Analysis(), refusal);
  const analysis = new Analysis();
  try {
    const script = parse(text);
    const error = script.errors?.[0];
    if (error !== undefined) return resultOf(new Analysis(), `${error.message} at ${error.pos}`);
    const runner = createRunner();
    runner.script(script, {
      analysis,
      runner,
      variables: Variables.empty(),
      wrappedBy: [],
      pipedFrom: [],
      input: undefined,
      writer: "",
      background: false,
      depth: 0,
      source: text,
      isNested: false,
    });
  } catch (error) {
    return resultOf(new Analysis(), error instanceof Refused ? error.message : "cannot be analysed");
  }
  if (analysis.usesOutput && isRedefined(analysis)) analysis.runsUnknown();
  if (analysis.readsAgain && analysis.holdsQuotedSubstitution) analysis.runsUnknown();
  return resultOf(analysis, "");
}

/** SECURITY: what `echo` gives is known only where nothing may have been given its name. */
function isRedefined({ hasFunction, programs }: Analysis): boolean {
  return hasFunction || ["alias", "enable", "source", "."].some((program) => programs.has(program));
}

/** INVARIANT: what is not `ok` is also dynamic, so that a rule which forgot to ask for one of the two is still safe. */
function resultOf(analysis: Analysis, error: string): ShellCommand {
  const isRefused = error !== "";
  return {
    ok: !isRefused,
    error,
    dynamic: isRefused || analysis.dynamic,
    has_unknown_program: isRefused || analysis.hasUnknownProgram,
    programs: [...analysis.programs],
    commands: analysis.commands,
    reads: [...analysis.reads],
    writes: [...analysis.writes],
    hosts: [...analysis.hosts],
    urls: [...analysis.urls],
    assignments: analysis.assignments,
    has_substitution: analysis.hasSubstitution,
    has_pipe: analysis.hasPipe,
    has_redirect: analysis.hasRedirect,
    has_background: analysis.hasBackground,
    has_function: analysis.hasFunction,
    has_heredoc: analysis.hasHeredoc,
    has_glob: analysis.hasGlob,
    command_count: analysis.commands.length,
  };
}
