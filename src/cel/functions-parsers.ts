import {
  type IpParts,
  isDomainListLoaded,
  loadDomainList,
  parseIp,
  parseUrl,
  readAddress,
  type UrlParts,
} from "../address/index.ts";
import type { ShellCommand, ShellInvocation } from "../shell/index.ts";
import {
  analyzeSql,
  isSqlDialect,
  isSqlParserLoaded,
  loadSqlParser,
  SQL_DIALECTS,
  type SqlScript,
  type SqlStatement,
} from "../sql/index.ts";
import type { EvalFrame } from "./frame.ts";
import { type FunctionSpec, overload, type Prepared } from "./functions.ts";
import { INVALID_ADDRESS, parseCidr } from "./network.ts";
import * as T from "./static-types.ts";
import { CelError, isCelError, LIMIT_EXCEEDED, NO_SUCH_OVERLOAD } from "./values.ts";

/** What parsing costs in fuel: this, and so much for each character. Measured, at the slower end. */
const PARSE_FUEL = 200;
const CHARACTER_FUEL = 8;

type Fields<Value> = { readonly [Field in keyof Value]: T.StaticType };

const TEXTS = T.listOf(T.STRING);
const TEXT_MAP: T.StaticType = { kind: "map", value: T.STRING };

function object<Value>(name: string, fields: Fields<Value>) {
  return { kind: "object", name, fields } as const;
}

const INVOCATION = object<ShellInvocation>("shell().commands", {
  ...{ program: T.STRING, path: T.STRING, args: TEXTS, words: TEXTS, flags: TEXTS, options: TEXT_MAP },
  ...{ assignments: TEXT_MAP, dynamic: T.BOOL, reads: TEXTS, writes: TEXTS, wrapped_by: TEXTS, piped_from: TEXTS },
  background: T.BOOL,
});

const SHELL = object<ShellCommand>("shell()", {
  ...{ ok: T.BOOL, error: T.STRING, dynamic: T.BOOL, has_unknown_program: T.BOOL, programs: TEXTS },
  ...{ commands: T.listOf(INVOCATION), reads: TEXTS, writes: TEXTS, hosts: TEXTS, urls: TEXTS, assignments: TEXT_MAP },
  ...{ has_substitution: T.BOOL, has_pipe: T.BOOL, has_redirect: T.BOOL, has_background: T.BOOL },
  ...{ has_function: T.BOOL, has_heredoc: T.BOOL, has_glob: T.BOOL, command_count: T.INT },
});

const STATEMENT = object<SqlStatement>("sql().statements", {
  ...{
    kind: T.STRING,
    object: T.STRING,
    is_nested: T.BOOL,
    tables: TEXTS,
    reads: TEXTS,
    writes: TEXTS,
    functions: TEXTS,
  },
  ...{ has_where: T.BOOL, where_is_trivial: T.BOOL, has_limit: T.BOOL, has_returning: T.BOOL, is_read_only: T.BOOL },
});

const SQL = object<SqlScript>("sql()", {
  ...{ ok: T.BOOL, error: T.STRING, statement_count: T.INT, kinds: TEXTS, statements: T.listOf(STATEMENT) },
  ...{ reads: TEXTS, writes: TEXTS, functions: TEXTS, columns: TEXTS, is_read_only: T.BOOL, has_comment: T.BOOL },
  ...{ has_constant_condition: T.BOOL, has_union: T.BOOL, has_stacked: T.BOOL, literals_count: T.INT },
});

const PLACES = {
  is_private: T.BOOL,
  is_loopback: T.BOOL,
  is_link_local: T.BOOL,
  is_metadata: T.BOOL,
  is_global: T.BOOL,
};

const URL_PARTS = object<UrlParts>("url()", {
  ...{ ok: T.BOOL, error: T.STRING, scheme: T.STRING, username: T.STRING, has_userinfo: T.BOOL, host: T.STRING },
  ...{ port: T.INT, path: T.STRING, query: T.STRING, fragment: T.STRING, registrable_domain: T.STRING },
  ...{ subdomain: T.STRING, public_suffix: T.STRING, is_ip: T.BOOL, ip: T.STRING, is_punycode: T.BOOL },
  ...{ unicode_host: T.STRING, is_obfuscated: T.BOOL, ...PLACES },
});

const IP_PARTS = object<IpParts>("ip()", {
  ...{ ok: T.BOOL, error: T.STRING, version: T.INT, canonical: T.STRING, embedded: T.STRING },
  ...{ is_multicast: T.BOOL, is_unspecified: T.BOOL, ...PLACES },
});

/** A parser as a function of expressions. */
interface Parser {
  readonly name: string;
  readonly result: Extract<T.StaticType, { kind: "object" }>;
  parse(text: string): object;
}

/** Values that the parsers made. A map of a request that looks like one is none: methods would take its word for it. */
const made = new WeakSet<object>();

function run({ name, result, parse }: Parser): (frame: EvalFrame, text: unknown) => unknown {
  const counts = Object.keys(result.fields).filter((field) => result.fields[field]!.kind === "int");
  const compute = (text: string) => {
    const value: Record<string, unknown> = { ...parse(text) };
    for (const field of counts) value[field] = BigInt(value[field] as number);
    made.add(value);
    return value;
  };
  return (frame, text) => {
    if (typeof text !== "string") return NO_SUCH_OVERLOAD;
    return frame.once(name, text, PARSE_FUEL + CHARACTER_FUEL * text.length, compute);
  };
}

const runSql = new Map(
  SQL_DIALECTS.map((dialect) => [
    dialect,
    run({ name: `sql ${dialect}`, result: SQL, parse: (text) => analyzeSql(text, dialect) }),
  ]),
);

const UNKNOWN_DIALECT = new CelError(`not a dialect of SQL that is known: ${SQL_DIALECTS.join(", ")}`);

function sql(frame: EvalFrame, text: unknown, dialect: unknown = "postgresql"): unknown {
  if (typeof dialect !== "string") return NO_SUCH_OVERLOAD;
  return isSqlDialect(dialect) ? runSql.get(dialect)!(frame, text) : UNKNOWN_DIALECT;
}

type Constants = readonly ({ readonly value: unknown } | undefined)[];

function prepareSql([, dialect]: Constants): Prepared {
  if (typeof dialect?.value === "string" && !isSqlDialect(dialect.value)) return { fault: UNKNOWN_DIALECT.message };
  return isSqlParserLoaded() ? undefined : notLoaded("sql");
}

/** A mistake of the program: `loadParsersFor` was not asked about this text. */
const notLoaded = (name: string): Prepared => ({ fault: `the parser of \`${name}\` is not loaded` });

/** A method of a value that a parser made. */
function method<Value>(test: (value: Value, text: string) => unknown) {
  return (frame: EvalFrame, value: unknown, text: unknown): unknown => {
    if (typeof text !== "string" || typeof value !== "object" || value === null || !made.has(value))
      return NO_SUCH_OVERLOAD;
    return frame.spend(PARSE_FUEL) ? test(value as Value, text) : LIMIT_EXCEEDED;
  };
}

let shell: typeof import("../shell/index.ts") | undefined;

async function loadShell(): Promise<void> {
  shell = await import("../shell/index.ts");
}

/** @throws TypeError before `loadShell`; expressions with the call do not compile then */
function loadedShell(): NonNullable<typeof shell> {
  if (shell === undefined) throw new TypeError("the parser of commands is not loaded");
  return shell;
}

const isShell = (value: object) => Object.hasOwn(value, "programs");

function shellMethod(name: "pipesTo" | "runs") {
  return method<ShellCommand>((value, program) =>
    isShell(value) ? loadedShell()[name](value, program) : NO_SUCH_OVERLOAD,
  );
}

/** Whether the address, or the IPv4 address inside of it, is in a range. What is no address is an error, not a no. */
const inCidr = method<IpParts>((ip, cidr) => {
  if (!Object.hasOwn(ip, "canonical")) return NO_SUCH_OVERLOAD;
  const range = parseCidr(cidr);
  if (isCelError(range)) return range;
  const [address, embedded] = [readAddress(ip.canonical), readAddress(ip.embedded)];
  if (address === undefined) return INVALID_ADDRESS;
  return range.contains(address) || (embedded !== undefined && range.contains(embedded));
});

function prepareCidr([, cidr]: Constants): Prepared {
  const range = typeof cidr?.value === "string" ? parseCidr(cidr.value) : undefined;
  return isCelError(range) ? { fault: range.message } : undefined;
}

const runShell = run({ name: "shell", result: SHELL, parse: (text) => loadedShell().analyzeShell(text) });
const runUrl = run({ name: "url", result: URL_PARTS, parse: parseUrl });
const runIp = run({ name: "ip", result: IP_PARTS, parse: parseIp });

/** Texts in the languages of what agents do: commands, SQL, URLs, addresses. */
export const PARSER_FUNCTIONS: readonly FunctionSpec[] = [
  {
    name: "shell",
    isMethod: false,
    overloads: [overload(T.STRING, SHELL)],
    run: runShell,
    prepare: () => (shell === undefined ? notLoaded("shell") : undefined),
  },
  {
    name: "sql",
    isMethod: false,
    overloads: [overload(T.STRING, SQL), overload(T.STRING, T.STRING, SQL)],
    run: sql,
    prepare: prepareSql,
  },
  {
    name: "url",
    isMethod: false,
    overloads: [overload(T.STRING, URL_PARTS)],
    run: runUrl,
    prepare: () => (isDomainListLoaded() ? undefined : notLoaded("url")),
  },
  { name: "ip", isMethod: false, overloads: [overload(T.STRING, IP_PARTS)], run: runIp },
  { name: "pipes_to", isMethod: true, overloads: [overload(SHELL, T.STRING, T.BOOL)], run: shellMethod("pipesTo") },
  { name: "runs", isMethod: true, overloads: [overload(SHELL, T.STRING, T.BOOL)], run: shellMethod("runs") },
  {
    name: "in_cidr",
    isMethod: true,
    overloads: [overload(IP_PARTS, T.STRING, T.BOOL)],
    run: inCidr,
    prepare: prepareCidr,
  },
];

/** Parsers that are large, by the function that needs them. */
const LARGE = { shell: loadShell, sql: loadSqlParser, url: loadDomainList } as const;

/** Escapes of double-quoted YAML that a name, or the parenthesis behind it, can hide in. */
const HIDING = /\\(?:[xuU]|\r?\n)/;

/** A name with what may stand behind it up to the parenthesis: blanks, the start of a comment, other escapes. */
const calls = (name: string, text: string) => new RegExp(`${name}\\s*(?:[(\\\\]|//)`).test(text) || HIDING.test(text);

/**
 * Gets ready what the conditions in these texts call; to be awaited before they are compiled. INVARIANT: no spelling of a call is
 * missed, or whether a file loads would depend on what the process loaded before. Texts that call nothing large cost nothing,
 * and neither does asking again.
 *
 * @param texts rule files in YAML, or conditions
 */
export async function loadParsersFor(texts: readonly string[]): Promise<void> {
  const needed = Object.entries(LARGE).filter(([name]) => texts.some((text) => calls(name, text)));
  await Promise.all(needed.map(([, load]) => load()));
}
