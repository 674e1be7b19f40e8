import { RE2JS } from "re2js";
import { parse } from "smol-toml";
import type { SecretSearch } from "../redaction/index.ts";
import type { Allowlist } from "./allowlist.ts";
import { configSchema, type RawAllowlist, type RawConfig, type RawRule, withKnownSpelling } from "./config-schema.ts";
import { compileExpression } from "./expression.ts";
import type { SecretRule } from "./secret-rule.ts";
import { createSecretSearch } from "./secret-search.ts";

export type GitleaksResult =
  | { readonly ok: true; readonly search: SecretSearch }
  /** Each `<path>: <field>: <what is wrong>`; of TOML that is none, `<path>:<line>:<column>: <what is wrong>`. */
  | { readonly ok: false; readonly problems: readonly string[] };

/**
 * Reads a configuration of gitleaks, whose expressions become ones of RE2. Takes 0.2 s for the 222 published rules. Pure.
 * @param microseconds any clock that does not go back: it bounds the time that a search takes
 */
export function parseGitleaksConfig(path: string, source: string, microseconds: () => number): GitleaksResult {
  const problems: string[] = [];
  const rules = readRules(path, source, problems);
  return problems.length === 0
    ? { ok: true, search: createSecretSearch(rules, microseconds) }
    : { ok: false, problems };
}

function readRules(path: string, source: string, problems: string[]): SecretRule[] {
  const report = (field: string, message: string) => problems.push(`${path}: ${field}: ${message}`);
  let tree: unknown;
  try {
    tree = withKnownSpelling(parse(source));
  } catch (error) {
    problems.push(`${path}${tomlProblem(error)}`);
    return [];
  }
  if (Object.hasOwn(tree as object, "extend")) {
    report("extend", "is not followed; put the rules of both files into one");
    return [];
  }
  const config = configSchema.safeParse(tree);
  if (config.success) return new RuleReader(config.data, report).rules();
  for (const { path: steps, message } of config.error.issues) report(fieldOf(steps, tree), message);
  return [];
}

/** `:<line>:<column>: <what is wrong>`. */
function tomlProblem(error: unknown): string {
  const { line, column, message } = error as { line?: number; column?: number; message: string };
  // The rest of the message draws the place.
  return `${line === undefined ? "" : `:${line}:${column}`}: ${message.split("\n", 1)[0]}`;
}

/** `rules[3] (github-pat).entropy`. */
function fieldOf(steps: readonly PropertyKey[], tree: unknown): string {
  let at = tree;
  let field = "";
  for (const step of steps) {
    at = (at as Record<PropertyKey, unknown> | undefined)?.[step];
    field += typeof step === "number" ? `[${step}]` : `${field === "" ? "" : "."}${String(step)}`;
    const id = (at as { id?: unknown } | undefined)?.id;
    if (typeof id === "string") field += ` (${id})`;
  }
  return field === "" ? "the file" : field;
}

type Report = (field: string, message: string) => void;

/** Makes rules of what has the right shape. */
class RuleReader {
  readonly #config: RawConfig;
  readonly #report: Report;
  /** By the id of a rule; those for all of them under `undefined`. */
  readonly #allowlistsOf = new Map<string | undefined, Allowlist[]>();

  constructor(config: RawConfig, report: Report) {
    this.#config = config;
    this.#report = report;
  }

  rules(): SecretRule[] {
    const { rules, allowlist, allowlists } = this.#config;
    for (const [field, raw] of this.#lists("", allowlist, allowlists)) this.#addGlobal(field, raw);
    const searched = rules.flatMap((raw, index) => this.#rule(raw, `rules[${index}] (${raw.id})`));
    const letters = searched.flatMap(({ keywords }) => keywords).reduce((sum, keyword) => sum + keyword.length, 0);
    if (letters > KEYWORD_LETTERS_MAX)
      this.#report("rules", `the keywords have ${letters} characters together, at most ${KEYWORD_LETTERS_MAX} may`);
    if (!rules.some(({ regex, skipReport }) => regex && !skipReport))
      this.#report("rules", "none of them has a `regex` and is reported, so nothing would be found");
    return searched;
  }

  #rule(raw: RawRule, field: string): SecretRule[] {
    if (raw.regex === undefined || raw.regex === "") {
      if (!raw.path) this.#report(field, "has neither `regex` nor `path`");
      return [];
    }
    const expression = this.#compile(compileExpression, raw.regex, `${field}.regex`);
    const own = this.#lists(`${field}.`, raw.allowlist, raw.allowlists);
    const allowlists = own.flatMap(([name, list]) => this.#allowlist(list, name));
    const { secretGroup = 0, entropy = 0, keywords = [], skipReport = false } = raw;
    if (expression === undefined) return [];
    const groups = expression.regex.groupCount();
    if (secretGroup > groups)
      this.#report(`${field}.secretGroup`, `is ${secretGroup}, but \`regex\` has ${groups} groups`);
    // What is not reported only tells whether another rule holds.
    if (skipReport) return [];
    return [
      {
        kind: kindOf(raw.id),
        ...{ expression, secretGroup, entropy },
        keywords: keywords.map((keyword) => keyword.toLowerCase()),
        allowlists: [...this.#globalFor(undefined), ...this.#globalFor(raw.id), ...allowlists],
      },
    ];
  }

  #addGlobal(field: string, raw: RawAllowlist): void {
    for (const target of raw.targetRules ?? [])
      if (!this.#config.rules.some(({ id }) => id === target))
        this.#report(`${field}.targetRules`, `there is no rule with the id \`${target}\``);
    const targets = raw.targetRules?.length ? raw.targetRules : [undefined];
    for (const list of this.#allowlist(raw, field))
      for (const target of targets) this.#allowlistsOf.set(target, [...this.#globalFor(target), list]);
  }

  #globalFor(rule: string | undefined): readonly Allowlist[] {
    return this.#allowlistsOf.get(rule) ?? [];
  }

  /** An older spelling has one allowlist, the newer one a list of them. */
  #lists(before: string, one: RawAllowlist | undefined, many: readonly RawAllowlist[] = []): [string, RawAllowlist][] {
    if (one !== undefined && many.length > 0)
      this.#report(`${before}allowlist`, "cannot stand beside `allowlists`; put it into that list");
    const named = many.map((list, index): [string, RawAllowlist] => [`${before}allowlists[${index}]`, list]);
    return one === undefined ? named : [[`${before}allowlist`, one], ...named];
  }

  #allowlist(raw: RawAllowlist, field: string): Allowlist[] {
    const { condition, commits = [], paths = [], regexes = [], stopwords = [], regexTarget } = raw;
    if ([commits, paths, regexes, stopwords].every((checks) => checks.length === 0))
      this.#report(field, "needs one of `regexes`, `stopwords`, `paths` and `commits`");
    const compiled = regexes.map((source, index) => {
      const name = `${field}.regexes[${index}]`;
      const regex = this.#compile((text) => RE2JS.compile(text), source, name);
      if (condition === "OR" && regex !== undefined && UNLIKE.every((text) => regex.test(text)))
        this.#report(name, ALLOWS_ALL);
      return regex;
    });
    if (condition === "OR" && stopwords.includes("")) this.#report(`${field}.stopwords`, ALLOWS_ALL);
    return [
      {
        condition,
        target: regexTarget || "secret",
        regexes: compiled.filter((regex) => regex !== undefined),
        stopwords: stopwords.map((word) => word.toLowerCase()),
        asksForPlace: commits.length + paths.length > 0,
      },
    ];
  }

  #compile<Compiled>(compile: (source: string) => Compiled, source: string, field: string): Compiled | undefined {
    try {
      return compile(source);
    } catch (error) {
      this.#report(field, `RE2 refuses the expression: ${(error as Error).message}`);
      return undefined;
    }
  }
}

const ALLOWS_ALL = "allows every text, so nothing would be found; leave out the rule instead";
/** An expression that matches all of these matches anything. */
const UNLIKE = ["", "Zq7", "\u0001 \u0002"];

/** As much as fits into the index of keywords; the published rules have 2,000. */
const KEYWORD_LETTERS_MAX = 32_000;

/** A marker's kind has a few characters of one case. */
const kindOf = (id: string) =>
  id
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .slice(0, KIND_MAX);
const KIND_MAX = 40;
