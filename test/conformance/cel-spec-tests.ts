import { tests as conformance } from "@bufbuild/cel-spec/testdata/conformance.js";
import type { SerializedIncrementalTestSuite } from "@bufbuild/cel-spec/testdata/tests.js";

/** `cel.expr.Value` in protobuf's JSON form: one of these keys is present. */
export interface ValueJson {
  readonly nullValue?: null;
  readonly boolValue?: boolean;
  readonly int64Value?: string;
  readonly uint64Value?: string;
  readonly doubleValue?: number | "NaN" | "Infinity" | "-Infinity";
  readonly stringValue?: string;
  readonly bytesValue?: string;
  readonly typeValue?: string;
  readonly listValue?: { readonly values?: readonly ValueJson[] };
  readonly mapValue?: { readonly entries?: readonly { readonly key: ValueJson; readonly value: ValueJson }[] };
  readonly enumValue?: unknown;
  readonly objectValue?: { readonly "@type": string; readonly value?: unknown };
}

/**
 * `cel.expr.conformance.test.SimpleTest` in protobuf's JSON form. No result at all means that the result is `true`.
 * @see https://github.com/google/cel-spec/blob/v0.25.1/proto/cel/expr/conformance/test/simple.proto
 */
export interface SimpleTestJson {
  readonly name: string;
  readonly expr: string;
  readonly disableCheck?: boolean;
  readonly checkOnly?: boolean;
  readonly container?: string;
  readonly typeEnv?: readonly {
    readonly name: string;
    readonly ident?: { readonly type: { readonly messageType?: string } };
    readonly function?: unknown;
  }[];
  readonly bindings?: Readonly<Record<string, { readonly value: ValueJson }>>;
  readonly value?: ValueJson;
  readonly typedResult?: { readonly result?: ValueJson };
  readonly evalError?: unknown;
  readonly anyEvalErrors?: unknown;
  readonly unknown?: unknown;
  readonly anyUnknowns?: unknown;
}

export interface CelSpecTest {
  /** `section/name`, as cel-spec calls them. */
  readonly title: string;
  readonly test: SimpleTestJson;
}

function* testsOf(suite: SerializedIncrementalTestSuite, path: string): Generator<CelSpecTest> {
  for (const { original } of suite.tests ?? []) {
    const test = original as unknown as SimpleTestJson;
    yield { title: `${path}/${test.name}`, test };
  }
  for (const inner of suite.suites ?? []) yield* testsOf(inner, path === "" ? inner.name : `${path}/${inner.name}`);
}

/** All conformance tests that `@bufbuild/cel-spec` ships, by file, in the order of the specification. */
export function loadCelSpecTests(): ReadonlyMap<string, readonly CelSpecTest[]> {
  return new Map((conformance.suites ?? []).map((file) => [file.name, [...testsOf(file, "")]]));
}
