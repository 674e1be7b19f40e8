import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createCelCompiler, loadParsersFor } from "../../src/cel/index.ts";
import { decide } from "../../src/engine/index.ts";
import { activationOfRequest } from "../../src/fixtures/index.ts";
import type { Decision } from "../../src/model/decision.ts";
import { createRuleLoader } from "../../src/rules/index.ts";
import { describeAll } from "../fixtures/shipped-packs.ts";

const ROOT = join(import.meta.dirname, "../..");

/** The file of each profile. */
export const PROFILES = {
  "locked-down": "rule-profiles/locked-down.yaml",
  balanced: "rules/profile.yaml",
  permissive: "rule-profiles/permissive.yaml",
} as const;

/** The shipped packs with one profile, as a function from a request to a decision. @throws Error when they do not load */
export async function deciderOf(profile: keyof typeof PROFILES): Promise<(request: object) => Decision> {
  const packs = readdirSync(join(ROOT, "rules"))
    .filter((name) => name.endsWith(".yaml") && !name.endsWith(".test.yaml"))
    .map((name) => `rules/${name}`)
    .filter((path) => path !== PROFILES.balanced);
  const sources = [...packs, PROFILES[profile]].map((path) => ({
    path,
    content: readFileSync(join(ROOT, path), "utf8"),
  }));
  await loadParsersFor(sources.map(({ content }) => content));
  const loaded = createRuleLoader({ compiler: createCelCompiler() }).load(sources);
  if (!loaded.ok) throw new Error(describeAll(loaded.diagnostics));
  const { ruleSet } = loaded;
  return (request) => {
    const activation = activationOfRequest(request, undefined, 0);
    if (!activation.ok) throw new Error(JSON.stringify(activation.faults));
    return decide({ ruleSet, activation: activation.value, cacheTtlSecondsMax: 0 });
  };
}
