import fc from "fast-check";

/** Values of the variables that generated expressions read. Ints are bigint, as everywhere. */
export interface Bindings {
  readonly b: boolean;
  readonly c: boolean;
  readonly i: bigint;
  readonly j: bigint;
  readonly d: number;
  readonly s: string;
  readonly t: string;
  readonly l: readonly unknown[];
  readonly ls: readonly string[];
  readonly m: Readonly<Record<string, unknown>>;
  /** Of any type at all. */
  readonly x: unknown;
}

/** Declared for every expression; the last three have no value outside macros, so reading them is an error. */
export const VARIABLES = ["b", "c", "i", "j", "d", "s", "t", "l", "ls", "m", "x", "e", "f", "unbound"] as const;

const KEYS = ["k1", "k2", "nested", "list", "absent", "constructor"] as const;
const INTS = [
  ...[0n, 1n, -1n, 2n, 3n, 7n, 10n, 1_000_000_007n],
  ...[2n ** 31n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 62n, 2n ** 63n - 1n, 2n ** 63n - 2n, -(2n ** 63n), -(2n ** 63n) + 1n],
];
const DOUBLES = [0, 1, -1, 0.5, 2.5, -7.25, 3, 100, 1e15, 2 ** 53, 2 ** 63, -(2 ** 63), 1e300, 1e-7];
const STRINGS = [
  "",
  "a",
  "b",
  "ab",
  "abc",
  "Aa",
  "ABC",
  "k1",
  " a ",
  "a,b,c",
  "0",
  "1",
  "-5",
  "1.5",
  "true",
  "é",
  "日本",
  "😀",
];

const int = fc.oneof({ weight: 2, arbitrary: fc.constantFrom(...INTS) }, { weight: 1, arbitrary: fc.bigInt(-2n, 4n) });
const double = fc.constantFrom(...DOUBLES);
const string = fc.constantFrom(...STRINGS);

const { anything } = fc.letrec<{ anything: unknown }>((tie) => ({
  anything: fc.oneof(
    { maxDepth: 2, depthSize: "small", withCrossShrink: true },
    { weight: 3, arbitrary: fc.oneof(fc.constant(null), fc.boolean(), int, double, string) },
    { weight: 1, arbitrary: fc.array(tie("anything"), { maxLength: 3 }) },
    { weight: 1, arbitrary: record(tie("anything")) },
  ),
}));

function record(value: fc.Arbitrary<unknown>): fc.Arbitrary<Record<string, unknown>> {
  const entry = fc.tuple(fc.constantFrom(...KEYS), value);
  return fc.array(entry, { maxLength: 4 }).map((entries) => Object.fromEntries(entries));
}

export const bindingsArbitrary: fc.Arbitrary<Bindings> = fc.record({
  b: fc.boolean(),
  c: fc.boolean(),
  i: int,
  j: int,
  d: double,
  s: string,
  t: string,
  l: fc.array(anything, { maxLength: 4 }),
  ls: fc.array(string, { maxLength: 3 }),
  m: record(anything),
  x: anything,
});

/** Static types of generated terms. A term of type "dyn" may stand anywhere: it may well have the wrong type. */
type Sort = "bool" | "int" | "uint" | "double" | "string" | "list" | "strings" | "map" | "dyn";
type Terms = Record<Sort, string>;
type Source = fc.Arbitrary<string>;

function intLiteral(value: bigint): string {
  return value < 0n ? `(${value})` : String(value);
}

function doubleLiteral(value: number): string {
  const text = Number.isInteger(value) && Math.abs(value) < 1e21 ? `${BigInt(value)}.0` : String(value);
  return value < 0 ? `(${text})` : text;
}

/** `template("$1 + $2", a, b)`: the source with each argument in place of its number. */
function template(pattern: string, ...args: readonly Source[]): Source {
  return fc.tuple(...args).map((texts) => pattern.replace(/\$(\d)/g, (_, digit: string) => texts[Number(digit) - 1]!));
}

const intTerm = int.map(intLiteral);
const doubleTerm = double.map(doubleLiteral);
const stringTerm = string.map((text) => JSON.stringify(text));
const keyTerm = fc.constantFrom(...KEYS);
const arithmetic = fc.constantFrom("+", "-", "*", "/", "%");
const comparison = fc.constantFrom("<", "<=", ">", ">=");
const equality = fc.constantFrom("==", "!=");
const iterator = fc.constantFrom("e", "f");
const pattern = fc.constantFrom("'^a'", "'b$'", "'[a-z]+'", "'(a|b)c?'", "'^$'", "'\\\\d'", "'a.c'", "'^(a+)+$'");

/** Leaves that every type may take: of unknown type, or an error. */
const wild = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom("x", "e", "f", "dyn(x)") },
  { weight: 6, arbitrary: template("m.$1", keyTerm) },
  { weight: 3, arbitrary: template("m['$1']", keyTerm) },
  { weight: 2, arbitrary: template("m.nested.$1", keyTerm) },
  { weight: 4, arbitrary: template("l[$1]", fc.constantFrom("0", "1", "2", "9", "i")) },
  { weight: 1, arbitrary: fc.constantFrom("unbound", "dyn(1 / 0)", "dyn([][0])", "dyn({}.a)") },
);

function sort(leaf: Source, ...compound: readonly Source[]): Source {
  return fc.oneof(
    { maxDepth: 5, depthSize: "small", withCrossShrink: true },
    { weight: 6, arbitrary: leaf },
    { weight: 1, arbitrary: wild },
    ...compound.map((arbitrary) => ({ weight: 2, arbitrary })),
  );
}

const terms = fc.letrec<Terms>((tie) => {
  const [bool, num, dbl, str] = [tie("bool"), tie("int"), tie("double"), tie("string")];
  const [uint, list, strings, map, dyn] = [tie("uint"), tie("list"), tie("strings"), tie("map"), tie("dyn")];
  const either = (term: Source) => template("($1 ? $2 : $3)", bool, term, term);
  const logic = fc.oneof(
    template("($1 && $2)", bool, bool),
    template("($1 || $2)", bool, bool),
    template("$1 && $2 || $3", bool, bool, bool).map((text) => `(${text})`),
    template("!dyn($1)", bool),
  );
  const comparisons = fc.oneof(
    template("($1 $3 $2)", num, num, comparison),
    template("($1 $3 $2)", dbl, dbl, comparison),
    template("($1 $3 $2)", str, str, comparison),
    template("(dyn($1) $3 dyn($2))", num, dbl, comparison),
    template("(dyn($1) $3 dyn($2))", num, uint, comparison),
    template("(dyn($1) $3 $2)", dyn, dyn, comparison),
  );
  const equalities = fc.oneof(
    template("($1 $3 $2)", num, num, equality),
    template("($1 $3 $2)", str, str, equality),
    template("(dyn($1) $3 dyn($2))", num, dbl, equality),
    template("($1 $3 $2)", dyn, dyn, equality),
    template("($1 $3 $2)", list, list, equality),
    template("($1 $3 $2)", map, map, equality),
    template("($1 $2 null)", dyn, equality),
  );
  const tests = fc.oneof(
    template("($1 in $2)", dyn, list),
    template("($1 in $2)", str, strings),
    template("($1 in $2)", str, map),
    template("has(m.$1)", keyTerm),
    template("has(m.$1.$2)", keyTerm, keyTerm),
    template("has($1.$2)", map, keyTerm),
    template("$1.$3($2)", str, str, fc.constantFrom("startsWith", "endsWith", "contains")),
    template("$1.matches($2)", str, pattern),
    template("(type($1) == type($2))", dyn, dyn),
  );
  const macro = fc.constantFrom("all", "exists", "exists_one");
  const macros = fc.oneof(
    template("$1.$2($3, $4)", list, macro, iterator, bool),
    template("$1.$2($3, $4)", strings, macro, iterator, bool),
    template("$1.$2($3, $4)", map, macro, iterator, bool),
  );
  const sizes = fc.oneof(template("size($1)", list), template("$1.size()", str), template("size($1)", map));
  return {
    bool: sort(
      fc.constantFrom("true", "false", "b", "c"),
      logic,
      logic,
      comparisons,
      equalities,
      tests,
      macros,
      either(bool),
    ),
    int: sort(
      fc.oneof(intTerm, fc.constantFrom("i", "j")),
      template("($1 $3 $2)", num, num, arithmetic),
      template("-dyn($1)", num),
      sizes,
      fc.oneof(template("int($1)", dbl), template("int($1)", uint), template("int($1)", str)),
      template("$1.$3($2)", str, str, fc.constantFrom("indexOf", "lastIndexOf")),
      either(num),
    ),
    uint: sort(
      fc.constantFrom("0u", "1u", "7u", "18446744073709551615u", "9223372036854775808u"),
      template("($1 $3 $2)", uint, uint, arithmetic),
      template("uint($1)", num),
    ),
    double: sort(
      fc.oneof(doubleTerm, fc.constant("d")),
      template("($1 $3 $2)", dbl, dbl, fc.constantFrom("+", "-", "*", "/")),
      template("-dyn($1)", dbl),
      template("double($1)", num),
      either(dbl),
    ),
    string: sort(
      fc.oneof(stringTerm, fc.constantFrom("s", "t")),
      template("($1 + $2)", str, str),
      fc.oneof(template("string($1)", num), template("string($1)", bool), template("string($1)", uint)),
      template("$1.$2()", str, fc.constantFrom("lowerAscii", "upperAscii", "trim")),
      template("$1.replace($2, $3)", str, str, str),
      template("$1.charAt($2)", str, num),
      template("$1.substring($2)", str, num),
      template("$1.substring($2, $3)", str, num, num),
      template("$1.join($2)", strings, stringTerm),
      template("$1[$2]", strings, num),
      either(str),
    ),
    strings: sort(
      fc.constantFrom("ls", "['a', 'b']", "['k1']"),
      template("[$1, $2]", str, str),
      template("($1 + $2)", strings, strings),
      template("$1.split($2)", str, stringTerm),
      template("$1.map($2, $3)", strings, iterator, str),
      template("$1.filter($2, $3)", strings, iterator, bool),
    ),
    list: sort(
      fc.constantFrom("l", "[1, 2, 3]", "[]", "m.list"),
      template("[dyn($1), dyn($2)]", dyn, dyn),
      template("($1 + $2)", list, list),
      template("$1.map($2, dyn($3))", list, iterator, dyn),
      template("$1.map($2, $3, dyn($4))", list, iterator, bool, dyn),
      template("$1.filter($2, $3)", list, iterator, bool),
    ),
    map: sort(
      fc.constantFrom("m", "{}", "m.nested"),
      template("{'k1': dyn($1), 'k2': dyn($2)}", dyn, dyn),
      template("{$1: dyn($2)}", str, dyn),
    ),
    dyn: sort(wild, template("dyn($1)", fc.oneof(bool, num, uint, dbl)), template("dyn($1)", fc.oneof(str, list, map))),
  };
});

/** Well-formed sources: they type-check, with `dyn` where types mix, and may fail at evaluation in every possible way. */
export const sourceArbitrary: Source = fc.oneof(
  { weight: 4, arbitrary: terms.bool },
  { weight: 1, arbitrary: terms.int },
  { weight: 1, arbitrary: terms.double },
  { weight: 1, arbitrary: terms.string },
  { weight: 1, arbitrary: terms.list },
  { weight: 1, arbitrary: terms.dyn },
);
