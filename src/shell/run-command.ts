import type { Assignment, Command, Word } from "unbash";
import { runCodeVariables } from "./code-variables.ts";
import { expandToOne, expandWord } from "./expand-word.ts";
import { type Field, unknownField } from "./field.ts";
import { readRedirections } from "./redirections.ts";
import { invoke } from "./run-argv.ts";
import type { Scope } from "./scope.ts";
import { refuseCommand } from "./stricter-syntax.ts";
import { visitSubstitutions } from "./visit-substitutions.ts";

/** Runs a simple command: assignments, redirections, words. Gives its output as far as it is known. */
export function runCommand(command: Command, scope: Scope): Field | undefined {
  const { name, prefix, args, redirects } = command;
  const assignments = prefix.length === 0 ? undefined : readAssignments(prefix, scope);
  if (name === undefined) {
    if (assignments !== undefined) for (const [key, value] of Object.entries(assignments)) assign(key, value, scope);
    readRedirections(redirects, scope);
    return undefined;
  }
  refuseCommand(command, scope);
  const fields = expandWord(name, scope);
  const writing = redirects.length + args.length === 0 ? scope : { ...scope, writer: fields[0]?.text ?? "" };
  for (const argument of args) fields.push(...expandArgument(argument, writing));
  const connections = redirects.length === 0 ? undefined : readRedirections(redirects, writing);
  return invoke(fields, scope, { assignments, connections });
}

function readAssignments(prefix: Command["prefix"], scope: Scope): Record<string, Field> {
  const assignments: Record<string, Field> = Object.create(null);
  for (const part of prefix) {
    if (part.type === "Assignment") assignments[part.name] = assignedValue(part, scope);
  }
  return assignments;
}

function expandArgument(argument: Word | Assignment, scope: Scope): Field[] {
  if (argument.type === "Word") return expandWord(argument, scope);
  const value = assignedValue(argument, scope);
  assign(argument.name, value, scope);
  return [{ ...value, text: `${argument.name}${argument.append === true ? "+=" : "="}${value.text}` }];
}

/** INVARIANT: a variable that shells, linkers and editors read as code is not taken for a mere value. */
function assign(name: string, value: Field, scope: Scope): void {
  const { text, dynamic } = value;
  scope.variables.set(name, { text, dynamic });
  scope.analysis.assignments[name] = text;
  runCodeVariables({ [name]: value }, scope);
}

function assignedValue({ value, index, append, name }: Assignment, scope: Scope): Field {
  if (index !== undefined) {
    scope.analysis.readsAgain = true;
    visitSubstitutions(index, scope);
  }
  if (value.type === "ArrayValue") {
    const elements = value.elements.flatMap((element) => expandWord(element, scope));
    return unknownArray(elements);
  }
  const field = expandToOne(value, scope);
  if (append === true) {
    const before = scope.variables.get(name);
    if (before === undefined) return { ...field, dynamic: true };
    scope.analysis.spend(before.text.length);
    return { ...field, text: before.text + field.text, dynamic: before.dynamic || field.dynamic };
  }
  return index === undefined ? field : { ...field, dynamic: true };
}

/** An array is no single value; its words are shown as one text. */
function unknownArray(elements: readonly Field[]): Field {
  return unknownField(elements.map(({ text }) => text).join(" "));
}
