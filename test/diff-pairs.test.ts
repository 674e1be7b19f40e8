import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createCelCompiler } from "../src/cel/index.ts";
import { compareRules, findDifferences, fixtureText } from "../src/diff/index.ts";
import { readFixtureFile, runCases } from "../src/fixtures/index.ts";
import { createRuleLoader, type RuleSet } from "../src/rules/index.ts";

const PAIRS = Number(process.env.DIFF_PAIRS ?? 50);
const SEED = Number(process.env.DIFF_SEED ?? 20_260_115);
const TRIES = 20_000;

interface Change {
  readonly kind: "boundary" | "string" | "negation";
  readonly from: string;
  readonly to: string;
}

const boundary = (from: string, to: string): Change => ({ kind: "boundary", from, to });
const text = (from: string, to: string): Change => ({ kind: "string", from, to });

/** Terms as rule authors write them, each about a path of its own, and a change of each. @param n makes them differ */
const TERMS: readonly ((n: number) => Change)[] = [
  (n) => boundary(`arguments.amount > ${n}`, `arguments.amount > ${n + 1}`),
  (n) => boundary(`arguments.total <= ${n}.5`, `arguments.total < ${n}.5`),
  (n) => boundary(`arguments.share * 2.0 >= ${n}.0`, `arguments.share * 2.0 >= ${n + 1}.0`),
  (n) => boundary(`size(arguments.body) > ${n}`, `size(arguments.body) > ${n + 1}`),
  (n) => boundary(`arguments.items.size() <= ${n % 20}`, `arguments.items.size() < ${n % 20}`),
  (n) => boundary(`dest_port < ${1024 + n}`, `dest_port <= ${1024 + n}`),
  (n) =>
    boundary(
      `dest_ip_in_cidr(destination.ip, "10.${n % 128}.0.0/16")`,
      `dest_ip_in_cidr(destination.ip, "10.${n % 128}.0.0/17")`,
    ),
  (n) => boundary(`now.getHours() < ${n % 24}`, `now.getHours() <= ${n % 24}`),
  (n) =>
    boundary(
      `now < timestamp("2027-01-${10 + (n % 20)}T00:00:00Z")`,
      `now <= timestamp("2027-01-${10 + (n % 20)}T00:00:00Z")`,
    ),
  (n) => boundary(`arguments.lines.exists(l, l.price > ${n}.0)`, `arguments.lines.exists(l, l.price > ${n}.01)`),
  (n) => boundary(`int(arguments.count) >= ${n}`, `int(arguments.count) >= ${n + 1}`),
  (n) => text(`arguments.kind == "kind-${n}"`, `arguments.kind == "kind-${n}s"`),
  (n) => text(`arguments.env in ["prod", "stage-${n}", "test"]`, `arguments.env in ["prod", "stage_${n}", "test"]`),
  (n) => text(`"role-${n}" in identity.roles`, `"role-${n + 1}" in identity.roles`),
  (n) => text(`identity.tenant == "tenant-${n}"`, `identity.tenant == "tenant_${n}"`),
  (n) => text(`arguments.path.startsWith("/srv/app${n}/")`, `arguments.path.startsWith("/srv/app${n}")`),
  (n) => text(`arguments.to.endsWith("@a${n}.example")`, `arguments.to.endsWith("a${n}.example")`),
  (n) => text(`arguments.note.contains("word${n}")`, `arguments.note.contains("words${n}")`),
  (n) =>
    text(
      `arguments.query.matches(r'(?i)^\\s*(drop|truncate)\\s+t${n}')`,
      `arguments.query.matches(r'(?i)^\\s*(drop|alter)\\s+t${n}')`,
    ),
  (n) => text(`glob("file-${n}-*", arguments.file)`, `glob("file-${n}*", arguments.file)`),
  (n) =>
    text(
      `dest_domain_matches(destination.domain, "*.a${n}.example")`,
      `dest_domain_matches(destination.domain, "a${n}.example")`,
    ),
  (n) => text(`context.framework == "frame${n}"`, `context.framework == "Frame${n}"`),
  (n) =>
    text(
      `arguments.tags.exists(t, t == "tag${n}" || t.startsWith("x-"))`,
      `arguments.tags.exists(t, t == "tag${n}" || t.startsWith("y-"))`,
    ),
  (n) =>
    text(`arguments.headers.all(k, k in ["accept", "x-${n}"])`, `arguments.headers.all(k, k in ["accept", "y-${n}"])`),
  (n) =>
    text(
      `["a${n}.example", "b.example"].exists(d, arguments.host == d)`,
      `["a${n}.example", "c.example"].exists(d, arguments.host == d)`,
    ),
];

const negated = (term: string): Change => ({ kind: "negation", from: term, to: `!(${term})` });

interface Pair {
  readonly change: Change;
  readonly before: RuleSet;
  readonly after: RuleSet;
}

/** Sets of eight rules, and the same with one term of one rule changed. */
const pair = fc
  .record({
    terms: fc.array(fc.record({ shape: fc.nat(TERMS.length - 1), n: fc.integer({ min: 1, max: 300 }) }), {
      minLength: 16,
      maxLength: 16,
    }),
    effects: fc.array(fc.constantFrom("allow", "deny", "approval_required"), { minLength: 8, maxLength: 8 }),
    logic: fc.array(fc.constantFrom("&&", "||", "&& !", "|| !"), { minLength: 8, maxLength: 8 }),
    priorities: fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 8, maxLength: 8 }),
    at: fc.nat(7),
    isNegation: fc.boolean(),
  })
  // Two terms of one rule about one path could contradict each other, and then no request tells the sets apart.
  .filter(({ terms, at }) => terms[2 * at]!.shape !== terms[2 * at + 1]!.shape)
  .map(({ terms, effects, logic, priorities, at, isNegation }): Pair => {
    const parts = terms.map(({ shape, n }) => TERMS[shape]!(n));
    const planted = isNegation ? negated(parts[2 * at]!.from) : parts[2 * at]!;
    const build = (changed: boolean) =>
      loadRules([
        ...effects.map((decision, nth) => {
          const first = nth === at && changed ? planted.to : parts[2 * nth]!.from;
          const [operator, not = ""] = logic[nth]!.split(" ");
          return {
            id: `rule-${nth}`,
            action: { type: "tool_call", name: nth % 2 === 0 ? `svc${nth}.*` : [`svc${nth}.get`, `svc${nth}.put`] },
            when: `(${first}) ${operator} ${not}(${parts[2 * nth + 1]!.from})`,
            decision,
            priority: priorities[nth],
          };
        }),
        // Else a deny on top of the default deny would show nowhere.
        { id: "net", when: "true", decision: effects[at] === "allow" ? "approval_required" : "allow", priority: -100 },
      ]);
    return { change: planted, before: build(false), after: build(true) };
  });

function loadRules(rules: readonly object[]): RuleSet {
  const named = rules.map((rule) => ({ reason: "A reason.", ...rule }));
  const content = JSON.stringify({ version: 1, policy: "p", rules: named });
  const loaded = createRuleLoader({ compiler: createCelCompiler() }).load([{ path: "p.yaml", content }]);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.diagnostics));
  return loaded.ruleSet;
}

function search({ before, after }: Pair) {
  const running = findDifferences({ before, after, triesMax: TRIES });
  for (;;) {
    const { done, value } = running.next();
    if (done === true) return value;
  }
}

describe(`${PAIRS} pairs of rule sets that differ in one boundary, one string or one negation`, () => {
  const pairs = fc.sample(pair, { numRuns: PAIRS, seed: SEED });

  it("are of all three kinds, about paths of every kind", () => {
    const kinds = new Map<string, number>();
    for (const { change } of pairs) kinds.set(change.kind, (kinds.get(change.kind) ?? 0) + 1);
    for (const kind of ["boundary", "string", "negation"])
      expect(kinds.get(kind), kind).toBeGreaterThanOrEqual(PAIRS / 6);
  });

  it.each(pairs.map((made, at) => [at + 1, made.change.from, made.change.to, made] as const))(
    "%i: a request that tells `%s` from `%s` is found, and is a fixture of the new rules",
    (_at, _from, _to, made) => {
      expect(compareRules(made.before, made.after).map(({ kind }) => kind)).toEqual(["changed"]);
      const { differences, unshown } = search(made);
      expect(unshown).toEqual([]);
      expect(differences).toMatchObject([{ kind: "decision" }]);
      const read = readFixtureFile({ path: "p.test.yaml", content: fixtureText(differences) });
      expect(read.diagnostics).toEqual([]);
      expect(runCases(made.after, read.file).flatMap((result) => result.differences)).toEqual([]);
      expect(runCases(made.before, read.file).flatMap((result) => result.differences)).not.toEqual([]);
    },
  );
});
