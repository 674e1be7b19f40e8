import type { AndOr, ParsedScript, PipelineNode, Statement } from "unbash";
import { type Analysis, Refused } from "./analysis.ts";
import type { Field } from "./field.ts";
import type { Variables } from "./variables.ts";

/** Where in the text something runs. */
export interface Scope {
  readonly analysis: Analysis;
  readonly runner: Runner;
  readonly variables: Variables;
  readonly wrappedBy: readonly string[];
  readonly pipedFrom: readonly string[];
  /** The text on standard input as far as it is known; `null` where there is some of which nothing is; `undefined` where none is given. */
  readonly input: Field | null | undefined;
  /** The program whose output `>(...)` would read here. */
  readonly writer: string;
  readonly background: boolean;
  /** How many substitutions and texts this is in. */
  readonly depth: number;
  /** What positions in the syntax tree refer to. */
  readonly source: string;
  /** Whether this is the text of a word, which the shell reads only when it runs. */
  readonly isNested: boolean;
}

/** Ways in which something runs, so that what finds them needs not know how. Each gives what is known of the output. */
export interface Runner {
  script(script: ParsedScript, scope: Scope): Field | undefined;
  statements(statements: readonly Statement[], scope: Scope): Field | undefined;
  node(node: PipelineNode | AndOr, scope: Scope): Field | undefined;
  /** Shell text that something already expanded. */
  text(text: Field, scope: Scope): void;
  argv(fields: readonly Field[], scope: Scope): Field | undefined;
}

/** What is no valid syntax: the text as a whole is refused, where the shell would read it before it runs anything. */
export function refuseSyntax(message: string, { analysis, isNested }: Scope): void {
  if (!isNested) throw new Refused(message);
  analysis.runsUnknown();
}

/** The parser leaves a `$[`, `${` or `$(` without its end as text; bash does not. */
export function refuseOpened(literal: string, scope: Scope): void {
  if (literal.includes("$") && OPENED.test(literal)) refuseSyntax("unterminated expansion", scope);
}

const OPENED = /^(?:[^\\]|\\[\s\S])*?\$[[({]/;

/** Runs what may not run, or runs elsewhere: what it sets may be set behind it. */
export function inBranch(scope: Scope, run: (scope: Scope) => void): void {
  const variables = scope.variables.branch();
  run({ ...scope, variables });
  scope.variables.absorb(variables);
}

/** Runs what runs many times or later: what other variables hold by then is not certain. */
export function inLoop(scope: Scope, run: (scope: Scope) => void): void {
  const variables = scope.variables.detached();
  run({ ...scope, variables });
  scope.variables.absorb(variables);
}
