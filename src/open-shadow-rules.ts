import { createRuleDirectory } from "./adapters/fs/rule-directory.ts";
import { createCelCompiler } from "./cel/index.ts";
import { loadParsers } from "./operations/rule-sets/load-parsers.ts";
import { createShadowRules, type ShadowDeps, type ShadowRules } from "./operations/rule-sets/shadow-rules.ts";
import { runInSlices, type Turns } from "./operations/run-in-slices.ts";
import { createRuleLoader, type RuleFiles } from "./rules/index.ts";

export interface OpenedShadowRules {
  readonly shadowRules: ShadowRules;
  /** Reads the candidate, and again whenever its files change. @returns stops that */
  start(): Promise<() => Promise<void>>;
}

/** A candidate with errors compares nothing until they are gone; the service goes on without it. */
export function openShadowRules(
  dir: string,
  deps: Omit<ShadowDeps, "later"> & Turns,
  files: RuleFiles = createRuleDirectory({ dir }),
): OpenedShadowRules {
  const { logger } = deps;
  const shadowRules = createShadowRules({ ...deps, later: (run) => void setImmediate(run) });
  const loader = createRuleLoader({ compiler: createCelCompiler() });

  async function load(): Promise<void> {
    const read = await files.read();
    if (read.ok) await loadParsers(read.sources);
    const loaded = read.ok ? await runInSlices(loader.loadSteps(read.sources), deps) : read;
    if (loaded.ok) {
      shadowRules.use(loaded.ruleSet);
      const { revision, rules } = loaded.ruleSet;
      logger.info({ shadow_revision: revision, rules: rules.length }, "shadow rules are compared");
      return;
    }
    shadowRules.use(undefined);
    const errors = loaded.diagnostics.filter(({ severity }) => severity === "error").slice(0, 20);
    logger.error({ errors }, "the shadow rules have errors; nothing is compared");
  }

  let last: Promise<void> = Promise.resolve();
  /** One after the other, so that what was read first never replaces what was read later. */
  function loadNext(): Promise<void> {
    last = last.then(load).catch((error) => {
      shadowRules.use(undefined);
      logger.error({ err: error }, "the shadow rules could not be loaded; nothing is compared");
    });
    return last;
  }

  return {
    shadowRules,
    async start() {
      await loadNext();
      return files.watch(
        () => void loadNext(),
        (error) => logger.error({ err: error }, "the shadow rules are no longer watched; restart to read them again"),
      );
    },
  };
}
