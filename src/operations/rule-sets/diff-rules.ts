import { compareRules, findDifferences, fixtureText, type RuleChange, type SearchResult } from "../../diff/index.ts";
import { readFixtureFile } from "../../fixtures/index.ts";
import type { RuleSet, RuleSource } from "../../rules/index.ts";

export type { DecisionDifference, RuleChange } from "../../diff/index.ts";

export interface RulesToDiff {
  readonly before: RuleSet;
  readonly after: RuleSet;
  /** Fixture files: their requests are tried first. What is wrong in them is left out. */
  readonly fixtures: readonly RuleSource[];
  /** Requests to try; 0 for none. */
  readonly triesMax: number;
}

export interface RulesDiff extends SearchResult {
  readonly before: string;
  readonly after: string;
  readonly changes: readonly RuleChange[];
  /** The differences as a fixture file; empty when there are none. */
  readonly fixture: string;
}

/** What is not the same in two rule sets, and requests that they decide differently. @param onProgress hears of the tries so far */
export function diffRules(input: RulesToDiff, onProgress: (tries: number) => void = () => {}): RulesDiff {
  const { before, after, triesMax } = input;
  const known = input.fixtures
    .flatMap((source) => readFixtureFile(source).file.cases)
    .map(({ request, activation }) => ({
      request: { ...request, identity: { ...activation.identity, roles: [...activation.identity.roles] } },
      now: activation.now,
    }));
  const search = findDifferences({ before, after, triesMax, known });
  for (;;) {
    const { done, value } = search.next();
    if (done !== true) {
      onProgress(value);
      continue;
    }
    const changes = compareRules(before, after);
    const fixture = value.differences.length === 0 ? "" : fixtureText(value.differences);
    return { before: before.revision, after: after.revision, changes, ...value, fixture };
  }
}
