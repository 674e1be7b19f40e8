import { BranchProbe } from "./branches.ts";
import { check } from "./checker.ts";
import { compile } from "./compile.ts";
import { type Chain, type Compiled, constant, type Environment, type Run } from "./compiled.ts";
import { diagnosticAt } from "./diagnostics.ts";
import { aliasOf, isInput, TYPE_NAMES, VOLATILE_INPUTS } from "./environment.ts";
import { evaluateOn } from "./evaluate.ts";
import { necessaryConditions, type Place } from "./facts.ts";
import { findingsOf } from "./findings.ts";
import { EvalFrame } from "./frame.ts";
import { type FunctionSpec, FunctionTable } from "./functions.ts";
import { PARSER_FUNCTIONS } from "./functions-parsers.ts";
import { RULE_FUNCTIONS } from "./functions-rules.ts";
import { STANDARD_FUNCTIONS } from "./functions-standard.ts";
import { STRING_FUNCTIONS } from "./functions-strings.ts";
import { TIME_FUNCTIONS } from "./functions-time.ts";
import type { KeptTexts } from "./kept-texts.ts";
import { MIXED_ARITHMETIC } from "./operations.ts";
import { PARSER_LIMITS, type ParserLimits, parse } from "./parser.ts";
import { formatPath, PathTable } from "./paths.ts";
import type { BranchObserver, CelCompiler, CelDiagnostic, CompiledExpression, CompileResult, Frame } from "./types.ts";
import { CelError, CelType } from "./values.ts";

export interface CelCompilerOptions {
  /** Functions beyond those of the language and of rules. */
  readonly functions?: readonly FunctionSpec[];
  readonly limits?: Partial<ParserLimits>;
  /** Hears of the outcome of every branch, for coverage and explanations: what is compiled so is slower. */
  readonly observer?: BranchObserver;
  /** Shared by all frames, also those of other compilers that are given it. */
  readonly kept?: KeptTexts;
}

/** Names of one expression: inputs, aliases and types; remembers what was read. */
class RuleEnvironment implements Environment {
  readonly functions: FunctionTable;
  readonly arithmetic = MIXED_ARITHMETIC;
  readonly foldsIndex = true;
  readonly paths = new Set<string>();
  readonly faults: { readonly offset: number; readonly message: string }[] = [];
  readonly probe: Environment["probe"];
  isVolatile = false;
  readonly #table: PathTable;

  constructor(functions: FunctionTable, table: PathTable, probe: Environment["probe"]) {
    this.functions = functions;
    this.probe = probe;
    this.#table = table;
  }

  resolve({ root, isRoot, keys }: Chain, isProbe = false): { compiled: Compiled; used: number } {
    const alias = isRoot ? undefined : aliasOf(root);
    if (alias?.absent !== undefined) return { compiled: this.#read(alias.path, alias.absent), used: 0 };
    if (alias === undefined && !isInput(root)) {
      return { compiled: typeNamed(root) ?? undeclared(root), used: 0 };
    }
    const path = [...(alias?.path ?? [root]), ...keys] as [string, ...string[]];
    const compiled = isProbe ? readSlot(this.#table.slot(path)) : this.#read(path);
    return { compiled, used: keys.length };
  }

  #read(path: readonly [string, ...string[]], absent?: string | number): Compiled {
    this.paths.add(formatPath(path));
    this.isVolatile ||= VOLATILE_INPUTS.has(path[0]);
    return readSlot(this.#table.slot(path, absent));
  }

  derive(name: string, slot: number, compute: (value: unknown) => unknown): Compiled {
    return readSlot(this.#table.derivedSlot(name, slot, compute));
  }

  findings(id: string, run: Run): number | undefined {
    // Branches are heard of as they stand in the source, so nothing is left out before them.
    if (this.probe !== undefined) return undefined;
    return this.#table.computedSlot(id, (frame) => findingsOf(frame.aside(run)));
  }

  placeOf(slot: number): Place {
    return this.#table.place(slot);
  }

  keysOf(slot: number): readonly string[] {
    return this.#table.keys(slot);
  }

  fault(offset: number, message: string): boolean {
    this.faults.push({ offset, message });
    return true;
  }
}

function readSlot(slot: number): Compiled {
  const run = (frame: EvalFrame): unknown =>
    frame.stamps[slot] === frame.generation ? frame.values[slot] : frame.resolve(slot);
  return { run, isLight: true, weight: 1, facts: [], slot };
}

function typeNamed(name: string): Compiled | undefined {
  return TYPE_NAMES.has(name) ? constant(new CelType(name)) : undefined;
}

/** For what the checker has already reported. */
function undeclared(name: string): Compiled {
  const error = new CelError(`undeclared variable \`${name}\``);
  return { run: () => error, isLight: true, weight: 1, facts: [] };
}

/** A compiler for conditions of rules; see `CelCompiler`. */
export function createCelCompiler(options: CelCompilerOptions = {}): CelCompiler {
  const table = new PathTable();
  const functions = new FunctionTable(
    STANDARD_FUNCTIONS,
    TIME_FUNCTIONS,
    STRING_FUNCTIONS,
    RULE_FUNCTIONS,
    PARSER_FUNCTIONS,
    options.functions ?? [],
  );
  const limits = { ...PARSER_LIMITS, ...options.limits };
  let previous = new Map<string, CompileResult>();
  let current = new Map<string, CompileResult>();
  return {
    compileCondition(source) {
      let result = current.get(source);
      if (result === undefined) {
        result = previous.get(source) ?? compileCondition(source, functions, table, limits, options.observer);
        current.set(source, result);
      }
      return result;
    },
    slotOf: (path) => table.slot(readPath(path)),
    createFrame: () => new EvalFrame(table, options.kept),
    sweep() {
      previous = current;
      current = new Map();
    },
  };
}

function compileCondition(
  source: string,
  functions: FunctionTable,
  table: PathTable,
  limits: ParserLimits,
  observer: BranchObserver | undefined,
): CompileResult {
  const parsed = parse(source, limits);
  if (!parsed.ok) return { ok: false, diagnostics: [parsed.diagnostic] };
  const probe = observer && new BranchProbe(parsed.node, functions, observer);
  const environment = new RuleEnvironment(functions, table, probe?.wrap);
  const compiled = compile(parsed.node, environment);
  const faults = [...check(parsed.node, functions), ...environment.faults];
  if (faults.length > 0) return { ok: false, diagnostics: diagnose(source, faults) };
  const expression = expressionOf(source, compiled, environment, table);
  return { ok: true, expression: probe === undefined ? expression : { ...expression, branches: probe.branches() } };
}

function diagnose(source: string, faults: readonly { offset: number; message: string }[]): CelDiagnostic[] {
  return [...faults]
    .sort((a, b) => a.offset - b.offset)
    .map(({ offset, message }) => diagnosticAt(source, offset, message));
}

function expressionOf(
  source: string,
  { run, facts, constant: known }: Compiled,
  environment: RuleEnvironment,
  table: PathTable,
): CompiledExpression {
  return {
    source,
    evaluate: (frame: Frame) => evaluateOn(frame as EvalFrame, run),
    necessary: necessaryConditions(facts, (slot) => table.path(slot)),
    paths: [...environment.paths].sort(),
    isVolatile: environment.isVolatile,
    ...(typeof known?.value === "boolean" && { constant: known.value }),
  };
}

/** Keys of a path as written: a chain of names and constant texts in brackets. */
function readPath(path: string): readonly [string, ...string[]] {
  const parsed = parse(path);
  const keys: string[] = [];
  let node = parsed.ok ? parsed.node : undefined;
  for (;;) {
    if (node?.kind === "select") {
      keys.push(node.field);
      node = node.operand;
    } else if (node?.kind === "index" && node.index.kind === "literal" && typeof node.index.value === "string") {
      keys.push(node.index.value);
      node = node.operand;
    } else if (node?.kind === "ident" && isInput(node.name)) {
      return [node.name, ...keys.reverse()];
    } else {
      throw new TypeError(`not an input path: ${path}`);
    }
  }
}
