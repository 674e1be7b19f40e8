import { type AndOr, type ParsedScript, type Pipeline, type PipelineNode, parse, type Statement } from "unbash";
import type { Field } from "./field.ts";
import { readRedirections } from "./redirections.ts";
import { runArgv } from "./run-argv.ts";
import { runCommand } from "./run-command.ts";
import { runCompound } from "./run-compound.ts";
import { inBranch, type Runner, refuseSyntax, type Scope } from "./scope.ts";
import { refuseEmpty } from "./stricter-syntax.ts";
import { refuseText } from "./text-bounds.ts";

/** Walks everything that a script would run, in order, whichever way its conditions turn out. */
export function createRunner(): Runner {
  return { script: runScript, statements: runStatements, node: runNode, text: runText, argv: runArgv };
}

function runScript(script: ParsedScript, scope: Scope): Field | undefined {
  scope.analysis.enter(scope.depth);
  const [error] = script.errors ?? [];
  if (error !== undefined) refuseSyntax(error.message, scope);
  return runStatements(script.commands, { ...scope, depth: scope.depth + 1, source: script.source ?? scope.source });
}

/** SECURITY: a text that is not static is read as it is written, so that what is known of it is seen, and marked as unknown. */
function runText(text: Field, scope: Scope): void {
  if (text.dynamic) scope.analysis.runsUnknown();
  scope.analysis.spend(text.text.length);
  if (refuseText(text.text) !== undefined) {
    scope.analysis.runsUnknown();
    return;
  }
  runScript(parse(text.text), { ...scope, source: text.text, isNested: true });
}

/** Gives the output of the only one. */
function runStatements(statements: readonly Statement[], scope: Scope): Field | undefined {
  let output: Field | undefined;
  for (const { command, background } of statements) {
    if (background !== true) {
      output = runNode(command, scope);
      continue;
    }
    scope.analysis.hasBackground = true;
    inBranch({ ...scope, background: true }, (branch) => runNode(command, branch));
  }
  return statements.length === 1 ? output : undefined;
}

/** Gives the output as far as it is known. */
function runNode(node: PipelineNode | AndOr, scope: Scope): Field | undefined {
  switch (node.type) {
    case "AndOr":
      return runList(node, scope);
    case "Pipeline":
      return runPipeline(node, scope);
    case "Command":
      return runCommand(node, scope);
    case "Redirected": {
      const { input, feeds } = readRedirections(node.redirects, scope);
      const pipedFrom = [...scope.pipedFrom, ...feeds];
      return runNode(node.command, { ...scope, pipedFrom, input: input === undefined ? scope.input : input });
    }
    default:
      runCompound(node, scope);
      return undefined;
  }
}

/** The first command runs, the others may. */
function runList(list: AndOr, scope: Scope): undefined {
  const [first, ...others] = list.commands;
  if (first !== undefined) runNode(first, scope);
  inBranch(scope, (branch) => {
    for (const node of others) runNode(node, branch);
  });
}

function runPipeline(pipeline: Pipeline, scope: Scope): Field | undefined {
  refuseEmpty(pipeline, scope);
  const { commands } = pipeline;
  if (commands.length > 1) scope.analysis.hasPipe = true;
  const before = new Set(scope.pipedFrom);
  let pipedFrom = scope.pipedFrom;
  let input = scope.input;
  let output: Field | undefined;
  for (const node of commands) {
    const start = scope.analysis.commands.length;
    const run = (stage: Scope) => {
      output = runNode(node, stage);
    };
    if (commands.length === 1) run(scope);
    else inBranch({ ...scope, input, pipedFrom }, run);
    input = output ?? null;
    for (const program of scope.analysis.programsSince(start)) before.add(program);
    if (before.size > pipedFrom.length) pipedFrom = [...before];
  }
  return output;
}
