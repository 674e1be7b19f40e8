import { createRuleDirectory } from "./adapters/fs/rule-directory.ts";
import { createCelCompiler } from "./cel/index.ts";
import { loadParsers } from "./operations/load-parsers.ts";
import { createShadowRules, type ShadowDeps, type ShadowRules } from "./operations/shadow-rules.ts";
import { createRuleLoader } from "./rules/index.ts";

export interface OpenedShadowRules {
  readonly shadowRules: ShadowRules;
  /** Reads the candidate, and again whenever its files change. @returns stops that */
  start(): Promise<() => Promise<void>>;
}

/** A candidate with errors compares nothing until they are gone; the service goes on without it. */
export function openShadowRules(dir: string, deps: Omit<ShadowDeps, "later">): OpenedShadowRules {
  const { logger } = deps;
  const shadowRules = createShadowRules({ ...deps, later: (run) => void setImmediate(run) });
  const files = createRuleDirectory({ dir });
  const loader = createRuleLoader({ compiler: createCelCompiler() });

  async function load(): Promise<void> {
    const read = await files.read();
    if (read.ok) await loadParsers(read.sources);
    const loaded = read.ok ? loader.load(read.sources) : read;
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

  return {
    shadowRules,
    async start() {
      await load();
      return files.watch(
        () => void load(),
        (error) => logger.error({ err: error }, "the shadow rules are no longer watched; restart to read them again"),
      );
    },
  };
}
