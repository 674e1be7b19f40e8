import { createCelCompiler } from "../../cel/index.ts";
import { createReplay, type Replay } from "../../replay/index.ts";
import { createRuleLoader, type Diagnostic, type RuleSource } from "../../rules/index.ts";

export type { Replay, ReplayReport } from "../../replay/index.ts";

export type Candidate =
  | { readonly ok: true; readonly revision: string; readonly replay: Replay }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

/** A candidate rule set, ready to make recorded decisions again. The lines it is given are those that are asked for. */
export function openCandidate(rules: readonly RuleSource[], examplesMax: number): Candidate {
  const loaded = createRuleLoader({ compiler: createCelCompiler() }).load(rules);
  if (!loaded.ok) return loaded;
  const { ruleSet } = loaded;
  return { ok: true, revision: ruleSet.revision, replay: createReplay({ ruleSet, filters: {}, examplesMax }) };
}
