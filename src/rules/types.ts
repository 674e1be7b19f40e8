import type { CelErrorValue, Frame, NecessaryCondition } from "../cel/index.ts";
import type { Activation } from "../model/activation.ts";
import type { Effect } from "../model/decision.ts";
import type { Obligation } from "../model/obligation.ts";

/** A place in a rule file; line and column count from 1. */
export interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/**
 * One problem of a rule file. An `error` keeps the whole set from being activated, a `warning` does not.
 * `code` is kebab-case and stable (`unknown-field`, `invalid-condition`, `duplicate-rule-id`, `shadowed-rule`, ...).
 */
export interface Diagnostic extends Position {
  readonly severity: "error" | "warning";
  readonly code: string;
  readonly message: string;
  /** Full id of the rule it is about, where there is one. */
  readonly rule_id?: string;
}

/** How a person is asked; only on `approval_required` rules. Durations in milliseconds. */
export interface ApprovalTerms {
  readonly timeoutMs: number;
  readonly onTimeout: "deny" | "allow";
  /** `role:<name>` or `user:<name>`; empty means anyone who may resolve approvals. */
  readonly approvers: readonly string[];
  readonly quorum: number;
  readonly grantTtlMs: number;
}

export interface Rule {
  /** `<policy>/<id>`, unique in the set. */
  readonly id: string;
  readonly name: string;
  readonly description?: string;
  readonly priority: number;
  readonly decision: Effect;
  readonly reason: string;
  readonly helpText?: string;
  readonly helpUrl?: string;
  readonly obligations: readonly Obligation[];
  readonly approval?: ApprovalTerms;
  /** Globs as written; undefined means any. */
  readonly actionTypes?: readonly string[];
  readonly actionNames?: readonly string[];
  /** CEL source as written; undefined means always. */
  readonly when?: string;
  readonly isVolatile: boolean;
  readonly position: Position;
  /** Hex SHA-256 over what the rule means: see `digestOf`. */
  readonly digest: string;
  /**
   * The whole condition: action globs and `when`. Total: never throws.
   * @returns a boolean, or a CEL error value (a non-boolean result is one too)
   */
  matches(frame: Frame): boolean | CelErrorValue;
  /** Conditions of the globs and of `when`, for the index. */
  readonly necessary: readonly NecessaryCondition[];
}

/**
 * An immutable, validated, indexed set of rules.
 *
 * INVARIANT: `candidates` returns every rule whose `matches` is true or an error for the frame's activation. It may
 * return more, never less.
 */
export interface RuleSet {
  /** `sha256:<64 hex>` over what the rules mean, not over the file layout's order. */
  readonly revision: string;
  /** Sorted by id. */
  readonly rules: readonly Rule[];
  readonly files: readonly string[];
  /** Warnings only: a set with errors does not exist. */
  readonly warnings: readonly Diagnostic[];
  /** Enters an activation and selects by the index. The selection is valid until the next call on the same rule set. */
  select(activation: Activation): Selection;
  rule(id: string): Rule | undefined;
}

export interface Selection {
  readonly frame: Frame;
  readonly candidates: readonly Rule[];
}

/** One rule file as read: `path` is relative to the rules directory, with forward slashes. */
export interface RuleSource {
  readonly path: string;
  readonly content: string;
}

export type ReadResult =
  | { readonly ok: true; readonly sources: readonly RuleSource[] }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

/** Where rule files come from. */
export interface RuleFiles {
  /**
   * All rule files, sorted by path. Never rejects: what cannot be read is a diagnostic, with the file it is about or `.`
   * for the directory itself.
   */
  read(): Promise<ReadResult>;
  /**
   * Calls `onChange` after the files may have changed; calls close together become one, and a call does not promise that
   * anything differs. `onError` hears of a watch that failed; the watch may be dead then.
   * @returns stops watching; safe to call twice
   */
  watch(onChange: () => void, onError: (error: Error) => void): () => Promise<void>;
}

export type LoadResult =
  | { readonly ok: true; readonly ruleSet: RuleSet }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

/** Turns rule files into a rule set. Keeps a cache by file content, so that a reload costs what changed. */
export interface RuleLoader {
  /** All diagnostics of all files, sorted by file, line, column; empty input is an error (`no-rule-files`). */
  load(sources: readonly RuleSource[]): LoadResult;
  /** The same in steps of a few milliseconds at most, but for the parsing of one large file that is new. One at a time. */
  loadSteps(sources: readonly RuleSource[]): Steps<LoadResult>;
}

/** Work that may pause wherever it yields. */
export type Steps<T> = Generator<void, T, void>;

/**
 * The sources of every rule set that was active, by revision, so that old decisions can be made again. `put` of a revision
 * that is there does nothing; `get` gives undefined for an unknown one.
 * @throws UnavailableError `storage_unavailable`
 */
export interface RuleSetArchive {
  /** @param at epoch milliseconds of the activation */
  put(revision: string, sources: readonly RuleSource[], at: number): Promise<void>;
  get(revision: string): Promise<readonly RuleSource[] | undefined>;
}

/** A rule set on its way into the archive. */
export interface KeptRuleSet {
  readonly revision: string;
  readonly sources: readonly RuleSource[];
  /** Epoch milliseconds of the activation. */
  readonly at: number;
}

/**
 * Where rule sets wait that the archive does not have yet: it survives the process, and needs no database. `put` is durable
 * when it resolves; putting or removing one twice does no harm.
 * @throws UnavailableError `audit_unavailable` from `put`
 */
export interface RuleSetOutbox {
  put(ruleSet: KeptRuleSet): Promise<void>;
  /** The revisions that wait. */
  list(): Promise<readonly string[]>;
  /** @throws Error that names the file when it cannot be read */
  read(revision: string): Promise<KeptRuleSet>;
  remove(revision: string): Promise<void>;
}
