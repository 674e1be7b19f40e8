import { createCelCompiler } from "../../cel/index.ts";
import {
  createRuleLoader,
  type Diagnostic,
  type ReadResult,
  type RuleSet,
  sortDiagnostics,
} from "../../rules/index.ts";

export type { Diagnostic, ReadResult, RuleSet };

/** What is to be said of a directory of rule files. */
export interface RulesCheck {
  /** There exactly when no diagnostic is an error. */
  readonly ruleSet: RuleSet | undefined;
  /** How many files were read; undefined when not all of them could be. */
  readonly files: number | undefined;
  readonly errors: number;
  readonly warnings: number;
  /** Sorted by file, line, column. `file` is relative to the directory, `.` is the directory itself. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Compiles rule files as the service does when it starts. Never throws. */
export function checkRules(read: ReadResult): RulesCheck {
  const loaded = read.ok ? createRuleLoader({ compiler: createCelCompiler() }).load(read.sources) : read;
  const diagnostics = sortDiagnostics("ruleSet" in loaded ? loaded.ruleSet.warnings : loaded.diagnostics);
  const errors = diagnostics.filter(({ severity }) => severity === "error").length;
  return {
    ruleSet: "ruleSet" in loaded ? loaded.ruleSet : undefined,
    files: read.ok ? read.sources.length : undefined,
    errors,
    warnings: diagnostics.length - errors,
    diagnostics,
  };
}
