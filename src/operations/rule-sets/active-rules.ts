import type { Diagnostic, LoadResult, RuleSet, RuleSource } from "../../rules/index.ts";

/** What was loaded, and from what. */
export type LoadedRules =
  | Extract<LoadResult, { ok: false }>
  | (Extract<LoadResult, { ok: true }> & { readonly sources: readonly RuleSource[] });

/** How the last attempt to load the rules ended; `at` is epoch milliseconds. */
export interface LoadReport {
  readonly at: number;
  readonly ok: boolean;
  /** Of the attempt: errors when it failed, warnings too. */
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * The rule set that decides now. Swapped whole, so that a decision sees one set from start to end.
 *
 * INVARIANT: once a valid set is active, only another valid set replaces it.
 */
export interface ActiveRules {
  current(): RuleSet | undefined;
  /** What `current()` was loaded from; the files may be others by now. Empty without it. */
  sources(): readonly RuleSource[];
  /** Epoch milliseconds of the activation of `current()`. */
  readonly activatedAt: number | undefined;
  readonly lastLoad: LoadReport | undefined;
  /** @returns true when the active set changed in meaning */
  apply(result: LoadedRules, at: number): boolean;
}

export function createActiveRules(): ActiveRules {
  let active: RuleSet | undefined;
  let sources: readonly RuleSource[] = [];
  let activatedAt: number | undefined;
  let lastLoad: LoadReport | undefined;

  return {
    current: () => active,
    sources: () => sources,
    get activatedAt() {
      return activatedAt;
    },
    get lastLoad() {
      return lastLoad;
    },
    apply(result, at) {
      if (!result.ok) {
        lastLoad = { at, ok: false, diagnostics: result.diagnostics };
        return false;
      }
      lastLoad = { at, ok: true, diagnostics: result.ruleSet.warnings };
      const hasChanged = active?.revision !== result.ruleSet.revision;
      if (hasChanged) activatedAt = at;
      // Positions and warnings may differ where the meaning does not, so the newest is kept either way.
      active = result.ruleSet;
      sources = result.sources;
      return hasChanged;
    },
  };
}
