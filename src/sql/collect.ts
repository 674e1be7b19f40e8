import type { SqlStatement } from "./types.ts";

/** Names of tables that a `WITH` defines, innermost first: they are no tables. */
export interface Scope {
  readonly name: string;
  readonly outer: Scope | undefined;
}

export function isCte(name: string, scope: Scope | undefined): boolean {
  for (let at = scope; at !== undefined; at = at.outer) if (at.name === name) return true;
  return false;
}

/** A statement while it is being read. */
export interface StatementDraft {
  readonly kind: string;
  readonly object: string;
  readonly isNested: boolean;
  readonly tables: Set<string>;
  readonly reads: Set<string>;
  readonly writes: Set<string>;
  readonly functions: Set<string>;
  hasWhere: boolean;
  isTrivial: boolean;
  hasLimit: boolean;
  hasReturning: boolean;
  /** Nothing was found yet that changes something or reaches outside, or that might. */
  isHarmless: boolean;
}

/** What is read of a whole text. */
export interface ScriptDraft {
  readonly statements: StatementDraft[];
  readonly columns: Set<string>;
  hasUnion: boolean;
  hasConstantCondition: boolean;
  literals: number;
  /** Something was found that the library takes and PostgreSQL does not. */
  isExtended: boolean;
}

export function draftStatement(
  of: Pick<StatementDraft, "kind" | "object" | "isNested" | "isHarmless">,
): StatementDraft {
  // Written out: put together from parts it would be a slow object, and it is looked at for every node.
  return {
    kind: of.kind,
    object: of.object,
    isNested: of.isNested,
    isHarmless: of.isHarmless,
    tables: new Set(),
    reads: new Set(),
    writes: new Set(),
    functions: new Set(),
    hasWhere: false,
    isTrivial: false,
    hasLimit: false,
    hasReturning: false,
  };
}

export function finishStatement(draft: StatementDraft): SqlStatement {
  return {
    kind: draft.kind,
    object: draft.object,
    is_nested: draft.isNested,
    tables: [...draft.tables],
    reads: [...draft.reads],
    writes: [...draft.writes],
    functions: [...draft.functions],
    has_where: draft.hasWhere,
    where_is_trivial: draft.isTrivial,
    has_limit: draft.hasLimit,
    has_returning: draft.hasReturning,
    is_read_only: draft.isHarmless && draft.writes.size === 0,
  };
}
