import {
  type CelFunc,
  type CelInput,
  celEnv,
  isCelError,
  isCelList,
  isCelMap,
  isCelType,
  isCelUint,
  parse as parseBufbuild,
  plan,
} from "@bufbuild/cel";
import { strings } from "@bufbuild/cel/ext";
import type { Expr } from "@bufbuild/cel-spec/cel/expr/syntax_pb.js";
import { Environment } from "@marcbachmann/cel-js";
import { CelMap, CelType, CelUint } from "../../src/cel/index.ts";
import { canonicalText } from "../conformance/canonical.ts";

/** What another implementation makes of an expression, as `canonicalText`; all errors, of any stage, are "error". */
export type Oracle = (source: string, bindings: Readonly<Record<string, unknown>>) => string;

function fromPairs(pairs: Iterable<readonly [unknown, unknown]>, convert: (value: unknown) => unknown): unknown {
  const map = CelMap.from(Array.from(pairs, ([key, value]) => [convert(key), convert(value)] as const));
  if (map === undefined) throw new TypeError("the oracle made a map with a repeated key");
  return map;
}

/** JSON objects become Maps: both oracles refuse every plain object that has a key `constructor`. */
function toOracle(value: unknown): CelInput {
  if (Array.isArray(value)) return value.map(toOracle);
  if (typeof value !== "object" || value === null) return value as CelInput;
  return new Map(Object.entries(value).map(([key, inner]) => [key, toOracle(inner)]));
}

function toOracleBindings(bindings: Readonly<Record<string, unknown>>): Record<string, CelInput> {
  return Object.fromEntries(Object.entries(bindings).map(([name, value]) => [name, toOracle(value)]));
}

function fromBufbuild(value: unknown): unknown {
  if (isCelUint(value)) return new CelUint(value.value);
  if (isCelList(value)) return Array.from(value, fromBufbuild);
  if (isCelMap(value)) return fromPairs(value.entries(), fromBufbuild);
  if (isCelType(value)) return new CelType(value.name);
  return value;
}

/** @param rewrite changes the tree in place before it is evaluated */
export function bufbuildWith(funcs: readonly CelFunc[], rewrite: (root: Expr) => void = () => {}): Oracle {
  const environment = celEnv({ funcs: [...strings, ...funcs] });
  return (source, bindings) => {
    try {
      const parsed = parseBufbuild(source);
      rewrite(parsed.expr as Expr);
      const result = plan(environment, parsed)(toOracleBindings(bindings));
      return isCelError(result) ? "error" : canonicalText(fromBufbuild(result));
    } catch {
      return "error";
    }
  };
}

export const bufbuild: Oracle = bufbuildWith([]);

const marcbachmannEnvironment = new Environment({ unlistedVariablesAreDyn: true, homogeneousAggregateLiterals: false });
const UnsignedInt = marcbachmannEnvironment.evaluate("1u").constructor as new () => object;
const Type = marcbachmannEnvironment.evaluate("int").constructor as new () => { readonly name: string };

function fromMarcbachmann(value: unknown): unknown {
  if (value instanceof UnsignedInt) return new CelUint(BigInt(String(value)));
  if (Array.isArray(value)) return value.map(fromMarcbachmann);
  if (value instanceof Map) return fromPairs(value, fromMarcbachmann);
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Type) return new CelType(value.name === "null" ? "null_type" : value.name);
  return fromPairs(Object.entries(value), fromMarcbachmann);
}

export const marcbachmann: Oracle = (source, bindings) => {
  try {
    return canonicalText(fromMarcbachmann(marcbachmannEnvironment.evaluate(source, toOracleBindings(bindings))));
  } catch {
    return "error";
  }
};
