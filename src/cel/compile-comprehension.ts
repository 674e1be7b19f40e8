import type { BindNode, ComprehensionNode } from "./ast.ts";
import type { Compiled, Context, Run, Scope } from "./compiled.ts";
import { elementOf, existsFacts, type Found, guarded } from "./findings.ts";
import type { EvalFrame } from "./frame.ts";
import { isJsonMap, mapEntries, mapSize } from "./operations.ts";
import { CelMap, isCelError, LIMIT_EXCEEDED, NO_SUCH_OVERLOAD } from "./values.ts";

function declare(name: string, outer: Scope | undefined, found?: Found): Scope {
  return { name, local: nextLocal(outer), outer, found };
}

const nextLocal = (outer: Scope | undefined) => (outer === undefined ? 0 : outer.local + 1);

export function compileBind(node: BindNode, context: Context): Compiled {
  const value = context.compile(node.value);
  const scope = declare(node.variable, context.scope, value.found);
  const body = context.compile(node.body, scope);
  const { local } = scope;
  const run = (frame: EvalFrame): unknown => {
    const bound = value.run(frame);
    if (isCelError(bound)) return bound;
    frame.locals[local] = bound;
    return body.run(frame);
  };
  // An error of the value is one of the whole, so only what needs the same text to be parsed holds of the whole.
  const facts = body.facts.filter(({ baseSlot }) => baseSlot === value.found?.slot);
  const traits = { isLight: value.isLight && body.isLight, weight: value.weight + body.weight + 1 };
  return guarded({ run, ...traits, facts, found: value.found?.slot === body.found?.slot ? body.found : undefined });
}

/** One pass: what to do with a body's (and filter's) value for each element; true ends the pass. */
interface Pass {
  step(frame: EvalFrame, key: unknown): boolean;
  result(): unknown;
}

export function compileComprehension(node: ComprehensionNode, context: Context): Compiled {
  const range = context.compile(node.range);
  const isExists = node.macro === "exists" && node.variables.length === 1;
  const element = range.found && isExists ? elementOf(range.found, nextLocal(context.scope)) : undefined;
  const outer = declare(node.variables[0]!, context.scope, element);
  const scope = node.variables.length === 2 ? declare(node.variables[1]!, outer) : outer;
  const filter = node.filter && context.compile(node.filter, scope);
  const body = context.compile(node.body, scope);
  const passes = passFor(node.macro, body.run, filter?.run, scope.local);
  const each = (node.macro === "transformMap" ? 12 : 2) + body.weight + (filter?.weight ?? 0);
  const isPair = node.variables.length === 2;
  const run = (frame: EvalFrame): unknown => {
    const value = range.run(frame);
    if (isCelError(value)) return value;
    const pass = passes();
    if (Array.isArray(value)) return overList(frame, value, pass, outer.local, isPair, each);
    if (isJsonMap(value) || value instanceof CelMap) return overMap(frame, value, pass, outer.local, isPair, each);
    return NO_SUCH_OVERLOAD;
  };
  const facts = range.found && element ? existsFacts(range.found, element, body.facts) : [];
  return guarded({ run, isLight: false, weight: range.weight + 2, facts });
}

function overList(
  frame: EvalFrame,
  list: readonly unknown[],
  pass: Pass,
  local: number,
  isPair: boolean,
  each: number,
): unknown {
  const { locals } = frame;
  for (let at = 0; at < list.length; at++) {
    frame.fuel -= each;
    if (frame.fuel < 0) return LIMIT_EXCEEDED;
    if (isPair) {
      locals[local] = BigInt(at);
      locals[local + 1] = list[at];
    } else {
      locals[local] = list[at];
    }
    if (pass.step(frame, locals[local])) break;
  }
  return frame.fuel < 0 ? LIMIT_EXCEEDED : pass.result();
}

function overMap(
  frame: EvalFrame,
  map: Record<string, unknown> | CelMap,
  pass: Pass,
  local: number,
  isPair: boolean,
  each: number,
): unknown {
  const { locals } = frame;
  // A JSON map lists all its keys at once.
  if (!frame.spend(map instanceof CelMap ? 1 : mapSize(map))) return LIMIT_EXCEEDED;
  for (const [key, value] of mapEntries(map)) {
    frame.fuel -= each;
    if (frame.fuel < 0) return LIMIT_EXCEEDED;
    locals[local] = key;
    if (isPair) locals[local + 1] = value;
    if (pass.step(frame, key)) break;
  }
  return frame.fuel < 0 ? LIMIT_EXCEEDED : pass.result();
}

function failure(value: unknown): unknown {
  return isCelError(value) ? value : NO_SUCH_OVERLOAD;
}

/** A factory of passes for a macro; each evaluation takes a new one. */
function passFor(macro: ComprehensionNode["macro"], body: Run, filter: Run | undefined, lastLocal: number): () => Pass {
  switch (macro) {
    case "all":
      return () => new Quantifier(body, false);
    case "exists":
      return () => new Quantifier(body, true);
    case "exists_one":
      return () => new ExactlyOne(body);
    case "filter":
      return () => new Collector((frame) => frame.locals[lastLocal], body);
    case "map":
    case "transformList":
      return () => new Collector(body, filter);
    case "transformMap":
      return () => new MapCollector(body, filter);
  }
}

/** `exists` stops at true, `all` at false; an error counts only when no element decides. */
class Quantifier implements Pass {
  readonly #body: Run;
  readonly #deciding: boolean;
  #outcome: unknown;

  constructor(body: Run, deciding: boolean) {
    this.#body = body;
    this.#deciding = deciding;
    this.#outcome = !deciding;
  }

  step(frame: EvalFrame): boolean {
    const value = this.#body(frame);
    if (value === this.#deciding) {
      this.#outcome = value;
      return true;
    }
    if (value !== !this.#deciding && typeof this.#outcome === "boolean") this.#outcome = failure(value);
    return false;
  }

  result(): unknown {
    return this.#outcome;
  }
}

class ExactlyOne implements Pass {
  readonly #body: Run;
  #count = 0;
  #error: unknown;

  constructor(body: Run) {
    this.#body = body;
  }

  step(frame: EvalFrame): boolean {
    const value = this.#body(frame);
    if (value === true) this.#count += 1;
    else if (value !== false) this.#error = failure(value);
    return this.#error !== undefined;
  }

  result(): unknown {
    return this.#error ?? this.#count === 1;
  }
}

/** Collects values; what the filter refuses is left out, any error is the result. */
class Collector implements Pass {
  readonly #value: Run;
  readonly #filter: Run | undefined;
  readonly #list: unknown[] = [];
  #error: unknown;

  constructor(value: Run, filter: Run | undefined) {
    this.#value = value;
    this.#filter = filter;
  }

  step(frame: EvalFrame): boolean {
    const accepted = this.#filter === undefined || this.#filter(frame);
    if (accepted === false) return false;
    const value = accepted === true ? this.#value(frame) : failure(accepted);
    if (isCelError(value)) this.#error = value;
    else this.#list.push(value);
    return this.#error !== undefined;
  }

  result(): unknown {
    return this.#error ?? this.#list;
  }
}

class MapCollector implements Pass {
  readonly #value: Run;
  readonly #filter: Run | undefined;
  readonly #map = new CelMap();
  #error: unknown;

  constructor(value: Run, filter: Run | undefined) {
    this.#value = value;
    this.#filter = filter;
  }

  step(frame: EvalFrame, key: unknown): boolean {
    const accepted = this.#filter === undefined || this.#filter(frame);
    if (accepted === false) return false;
    const value = accepted === true ? this.#value(frame) : failure(accepted);
    if (isCelError(value)) this.#error = value;
    else this.#map.add(key, value);
    return this.#error !== undefined;
  }

  result(): unknown {
    return this.#error ?? this.#map;
  }
}
