import type { HereDoc, HereString, Redirect, Redirection } from "unbash";
import { expandToOne, joinParts } from "./expand-word.ts";
import { type Field, staticField } from "./field.ts";
import { pathsOfField } from "./file-operands.ts";
import { addNetworkFile } from "./network-targets.ts";
import { normalizePath } from "./normalize-path.ts";
import type { Scope } from "./scope.ts";
import { refuseDelimiter, refuseTarget } from "./stricter-syntax.ts";

/** What redirections connect a command to. */
export interface Connections {
  readonly reads: readonly string[];
  readonly writes: readonly string[];
  /** As in `Scope`. */
  readonly input: Field | null | undefined;
  /** Programs whose output is read: `< <(curl u)`. */
  readonly feeds: readonly string[];
  readonly dynamic: boolean;
  /** Something else than its input may be connected otherwise. */
  readonly isRedirected: boolean;
}

export function readRedirections(redirections: readonly Redirection[], scope: Scope): Connections {
  if (redirections.length === 0) return NONE;
  const state: State = { reads: [], writes: [], feeds: [], input: undefined, dynamic: false, isRedirected: false };
  for (const redirection of redirections) {
    if (redirection.type === "HereDoc") refuseDelimiter(redirection, scope);
    else refuseTarget(redirection, scope);
    if (!readsInput(redirection)) state.isRedirected = true;
    const start = scope.analysis.commands.length;
    if (redirection.type === "Redirect") connectFile(redirection, scope, state);
    else connectText(redirection, scope, state);
    if (redirection.type !== "Redirect") state.feeds.push(...scope.analysis.programsSince(start));
  }
  return state;
}

interface State extends Connections {
  readonly reads: string[];
  readonly writes: string[];
  readonly feeds: string[];
  input: Field | null | undefined;
  dynamic: boolean;
  isRedirected: boolean;
}

const NONE: Connections = { reads: [], writes: [], input: undefined, feeds: [], dynamic: false, isRedirected: false };

function readsInput({ type, operator, descriptor }: Redirection): boolean {
  const isStandard = descriptor === undefined || (descriptor.type === "FileDescriptor" && descriptor.value === 0);
  return isStandard && (type !== "Redirect" || operator === "<");
}

function connectFile({ operator, target, descriptor }: Redirect, scope: Scope, state: State): void {
  if (target === undefined) return;
  const field = expandToOne(target, scope);
  if (field.dynamic || field.glob) state.dynamic = true;
  if (field.glob) scope.analysis.hasGlob = true;
  state.feeds.push(...field.feeds);
  const isInput = operator.startsWith("<");
  const isStandard = descriptor === undefined || (descriptor.type === "FileDescriptor" && descriptor.value === 0);
  if (isInput && isStandard) state.input = null;
  if (/^[<>]&$/.test(operator) && /^\d*-?$/.test(field.text)) return;
  // Written by `>(...)`, read by `<(...)`: no file.
  if (field.feeds.length > 0 || /^[<>]\(/.test(target.text)) return;
  scope.analysis.hasRedirect = true;
  addFile(field, operator, scope, state);
}

function addFile(field: Field, operator: string, scope: Scope, state: State): void {
  const path = normalizePath(field.text);
  if (addNetworkFile(path, scope.analysis)) return;
  for (const each of pathsOfField(field)) {
    if (operator.startsWith("<")) {
      state.reads.push(each);
      scope.analysis.reads.add(each);
    }
    if (operator !== "<" && operator !== "<&") {
      state.writes.push(each);
      scope.analysis.writes.add(each);
    }
  }
}

function connectText(redirection: HereDoc | HereString, scope: Scope, state: State): void {
  const field = textOf(redirection, scope);
  if (field.dynamic) state.dynamic = true;
  state.input = field;
}

function textOf(redirection: HereDoc | HereString, scope: Scope): Field {
  if (redirection.type === "HereString") {
    return redirection.target === undefined ? staticField("") : expandToOne(redirection.target, scope);
  }
  scope.analysis.hasHeredoc = true;
  const { text, parts } = redirection.body;
  scope.analysis.spend(text.length);
  if (redirection.delimiter?.quoted === true) return staticField(text);
  return parts === undefined
    ? staticField(text.replace(/\\([\\$`])/g, "$1").replaceAll("\\\n", ""))
    : joinParts(parts, { ...scope, isNested: true });
}
