import { readFixtureFile } from "../../fixtures/index.ts";
import type { Activation } from "../../model/activation.ts";
import type { RuleSource } from "../../rules/index.ts";

/** What the cases of fixture files ask; files with errors, and cases that cannot be made out, are left out. */
export function fixtureActivations(sources: readonly RuleSource[]): Activation[] {
  return sources.flatMap((source) => readFixtureFile(source).file.cases).map(({ activation }) => activation);
}
