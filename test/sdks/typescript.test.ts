import { describe, expect, it } from "vitest";
import {
  cacheKey,
  canonicalJson,
  type EvaluateRequest,
  Verdict,
  VerdictSdkError,
} from "../../sdks/typescript/src/index.ts";
import { camelCased, runVector } from "./typescript-vector-runner.ts";
import { type CanonicalVector, type ConfigurationVector, readVectors, type Vector } from "./typescript-vectors.ts";

for (const file of ["errors", "fail-modes", "cache", "approvals", "hostile"]) {
  describe(`the TypeScript client does what the vectors say: ${file}`, () => {
    for (const vector of readVectors<Vector>(file)) {
      it.concurrent(vector.name, async () => {
        expect(await runVector(vector)).toEqual([]);
      });
    }
  });
}

describe("the TypeScript client does what the vectors say: canonical", () => {
  for (const { name, body, canonical, key } of readVectors<CanonicalVector>("canonical")) {
    it(name, () => {
      expect(canonicalJson(body)).toBe(canonical);
      expect(cacheKey(body as EvaluateRequest)).toBe(key);
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
        return;
      }
      const { settings } = create();
      const shown = Object.fromEntries(Object.entries(settings).map(([key, value]) => [key, value ?? null]));
      expect(shown).toMatchObject(camelCased(effective ?? {}));
      expect(said).toHaveLength(warnings ?? 0);
    });
  }
});

function raisedBy(create: () => unknown): Error {
  try {
    create();
  } catch (error) {
    if (error instanceof VerdictSdkError) return error;
    throw error;
  }
  throw new Error("nothing was raised");
}
