import { afterAll, describe, expect, it } from "vitest";
import {
  cacheKey,
  canonicalJson,
  type EvaluateRequest,
  Verdict,
  VerdictSdkError,
} from "../../sdks/typescript/src/index.ts";
import { camelCased, runVector } from "./typescript-vector-runner.ts";
import { type CanonicalVector, type ConfigurationVector, readVectors, type Vector } from "./typescript-vectors.ts";

const counts: Record<string, number> = {};
afterAll(() =>
  console.log(
    `vectors in TypeScript: ${Object.entries(counts)
      .map((entry) => entry.join(" "))
      .join(", ")}`,
  ),
);

for (const file of ["errors", "fail-modes", "cache", "events", "approvals", "hostile"]) {
  describe(`the TypeScript client does what the vectors say: ${file}`, () => {
    for (const vector of readVectors<Vector>(file)) {
      it.concurrent(vector.name, async () => {
        expect(await runVector(vector)).toEqual([]);
        count(file);
      });
    }
  });
}

describe("the TypeScript client does what the vectors say: canonical", () => {
  for (const { name, body, canonical, key } of readVectors<CanonicalVector>("canonical")) {
    it(name, () => {
      expect(canonicalJson(body)).toBe(canonical);
      expect(cacheKey(body as EvaluateRequest)).toBe(key);
      count("canonical");
    });
  }
});

describe("the TypeScript client does what the vectors say: configuration", () => {
  for (const { name, args, env, effective, warnings, raises, never_contains } of readVectors<ConfigurationVector>(
    "configuration",
  )) {
    it(name, () => {
      const said: string[] = [];
      const create = () => new Verdict(camelCased(args), { env, warn: (message) => said.push(message) });
      if (raises !== undefined) {
        const error = raisedBy(create);
        expect(error.name).toBe(raises);
        for (const text of never_contains ?? []) expect(`${error.stack}${JSON.stringify(error)}`).not.toContain(text);
        return count("configuration");
      }
      const { settings } = create();
      const shown = Object.fromEntries(Object.entries(settings).map(([key, value]) => [key, value ?? null]));
      expect(shown).toMatchObject(camelCased(effective ?? {}));
      expect(said).toHaveLength(warnings ?? 0);
      count("configuration");
    });
  }
});

function count(file: string): void {
  counts[file] = (counts[file] ?? 0) + 1;
}

function raisedBy(create: () => unknown): Error {
  try {
    create();
  } catch (error) {
    if (error instanceof VerdictSdkError) return error;
    throw error;
  }
  throw new Error("nothing was raised");
}
