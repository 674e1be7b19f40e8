import { compile } from "./compile.ts";
import { type Chain, type Compiled, constant, type Environment } from "./compiled.ts";
import { evaluateOn } from "./evaluate.ts";
import type { Place } from "./facts.ts";
import { EvalFrame } from "./frame.ts";
import { FunctionTable } from "./functions.ts";
import { STANDARD_FUNCTIONS } from "./functions-standard.ts";
import { STRING_FUNCTIONS } from "./functions-strings.ts";
import { TIME_FUNCTIONS } from "./functions-time.ts";
import { index, MIXED_ARITHMETIC, STRICT_ARITHMETIC } from "./operations.ts";
import { parse } from "./parser.ts";
import type { CelDiagnostic, CelErrorValue, CelValue } from "./types.ts";
import { CelError, isCelError, NO_SUCH_KEY, TYPES } from "./values.ts";

export interface StandardOptions {
  /** Names that may be read, dotted ones included; undefined means any name may be. Others are errors of evaluation. */
  readonly variables?: readonly string[];
  /** The namespace in which names are resolved, such as `com.example`. */
  readonly container?: string;
  /** Lets int, uint and double mix in arithmetic, as in rules. Off: the specification's own strict overloads. */
  readonly mixedNumbers?: boolean;
}

export type StandardExpression =
  | {
      readonly ok: true;
      /** Never throws. Bindings are CEL values: see `CelValue`; dotted names are keys (`"a.b"`). */
      evaluate(bindings: Readonly<Record<string, CelValue>>): CelValue | CelErrorValue;
    }
  | { readonly ok: false; readonly diagnostics: readonly CelDiagnostic[] };

const FUNCTIONS = new FunctionTable(STANDARD_FUNCTIONS, TIME_FUNCTIONS, STRING_FUNCTIONS);

const TYPE_VALUES = new Map(Object.values(TYPES).flatMap((type) => (type === TYPES.dyn ? [] : [[type.name, type]])));

/**
 * Compiles an expression of standard CEL over arbitrary variables: the same parser and compiler as for rules, with the
 * specification's strict arithmetic and without the checker. For the conformance and differential suites and for tools;
 * rules go through `createCelCompiler`.
 */
export function compileStandard(source: string, options: StandardOptions = {}): StandardExpression {
  const parsed = parse(source);
  if (!parsed.ok) return { ok: false, diagnostics: [parsed.diagnostic] };
  const { run } = compile(parsed.node, new StandardEnvironment(options));
  return {
    ok: true,
    evaluate(bindings) {
      const frame = new EvalFrame();
      frame.bindings = bindings;
      return evaluateOn(frame, run);
    },
  };
}

function selectField(operand: unknown, field: string): unknown {
  return isCelError(operand) ? operand : index(operand, field, NO_SUCH_KEY, NO_SUCH_KEY);
}

/** Names are looked up in the bindings while evaluating, the longest dotted one in the innermost namespace first. */
class StandardEnvironment implements Environment {
  readonly functions = FUNCTIONS;
  readonly arithmetic;
  readonly foldsIndex = false;
  readonly #variables: ReadonlySet<string> | undefined;
  readonly #containers: readonly string[];

  constructor({ variables, container = "", mixedNumbers = false }: StandardOptions) {
    this.arithmetic = mixedNumbers ? MIXED_ARITHMETIC : STRICT_ARITHMETIC;
    this.#variables = variables && new Set(variables);
    const parts = container === "" ? [] : container.split(".");
    this.#containers = [...parts.map((_, at) => `${parts.slice(0, parts.length - at).join(".")}.`), ""];
  }

  resolve({ root, isRoot, keys }: Chain): { compiled: Compiled; used: number } {
    const containers = isRoot ? [""] : this.#containers;
    // Each prefix of the chain with the selections that then remain, longest first.
    const candidates: { names: readonly string[]; rest: readonly string[] }[] = [];
    for (let used = keys.length; used >= 0; used--) {
      const name = [root, ...keys.slice(0, used)].join(".");
      const names = containers.map((container) => container + name);
      candidates.push({ names: names.filter((full) => this.#variables?.has(full) ?? true), rest: keys.slice(used) });
      const type = TYPE_VALUES.get(name);
      if (type !== undefined && !this.#variables?.has(name)) return { compiled: constant(type), used };
    }
    const unbound = new CelError(`undeclared variable \`${root}\``);
    const run = (frame: EvalFrame): unknown => {
      const { bindings } = frame;
      for (const { names, rest } of candidates) {
        const name = names.find((candidate) => Object.hasOwn(bindings, candidate));
        if (name !== undefined) return rest.reduce(selectField, bindings[name]);
      }
      return unbound;
    };
    return { compiled: { run, isLight: true, weight: 1 + keys.length, facts: [] }, used: keys.length };
  }

  findings(): undefined {
    return undefined;
  }

  derive(): undefined {
    return undefined;
  }

  placeOf(): Place {
    throw new TypeError("standard expressions have no slots");
  }

  keysOf(): never {
    throw new TypeError("standard expressions have no slots");
  }

  fault(): boolean {
    return false;
  }
}
