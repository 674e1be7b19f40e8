import { impliesConstraint } from "./constraints.ts";
import type { Term } from "./terms.ts";

/** When one rule applies, and what is to follow for the other. */
export interface Question {
  /** An error makes the first rule apply, as deny and approval rules do. */
  readonly givenMayErr: boolean;
  /** An error keeps the second rule from applying, as it does with allow rules. */
  readonly mustBeTrue: boolean;
}

/**
 * Whether the second terms hold for every request for which the first do. May miss that they do, never the reverse.
 *
 * A conjunction that is true has only true terms, and one that is an error has none that is false. So it is enough that
 * each wanted term follows from one given term.
 */
export function impliesTerms(given: readonly Term[], wanted: readonly Term[], question: Question): boolean {
  return wanted.every((term) => given.some((known) => impliesTerm(known, term, question)));
}

function impliesTerm(given: Term, wanted: Term, question: Question): boolean {
  if (wanted.anyOf.some((term) => impliesTerm(given, term, question))) return true;
  if (given.anyOf.length > 0 && given.anyOf.every((term) => impliesTerm(term, wanted, question))) return true;
  return isSame(given, wanted, question) || impliesTest(given, wanted, question);
}

/** The same term: it has the same outcome, unless there is too little fuel left for it the second time. */
function isSame(given: Term, wanted: Term, { givenMayErr, mustBeTrue }: Question): boolean {
  if (given.text !== wanted.text) return false;
  if (!mustBeTrue) return true;
  return wanted.test?.isLight === true && (!givenMayErr || wanted.test.isTotal);
}

function impliesTest({ test: given }: Term, { test: wanted }: Term, { givenMayErr, mustBeTrue }: Question): boolean {
  if (given === undefined || wanted === undefined || given.place !== wanted.place) return false;
  if (mustBeTrue && !wanted.isLight) return false;
  if (givenMayErr && !given.isTotal && (mustBeTrue || wanted.constraint.kind === "present")) return false;
  return impliesConstraint(given.constraint, wanted.constraint);
}
