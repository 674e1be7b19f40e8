import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { activationOf, type DecisionRecord } from "../../src/audit/index.ts";
import { createCelCompiler } from "../../src/cel/index.ts";
import { decide } from "../../src/engine/index.ts";
import type { Decision } from "../../src/model/decision.ts";
import { parseJsonText } from "../../src/model/json-text.ts";
import { parseEvaluateRequest } from "../../src/model/request.ts";
import { createRedactor } from "../../src/redaction/index.ts";
import { readActivation, readLine } from "../../src/replay/read-record.ts";
import { redecide } from "../../src/replay/redecide.ts";
import { createRuleLoader, type RuleSet } from "../../src/rules/index.ts";

const RUNS = 1500;
const MARKER = "[redacted:test:0123456789abcdef]";

// Few values and names, so that rules and requests often meet.
const word = fc.constantFrom("a", "b", "ab", "x");
const key = fc.constantFrom("a", "b", "list", "deep");
const json = fc.oneof(
  word,
  fc.constantFrom<unknown>(1, 2, true, null),
  fc.array(word, { maxLength: 3 }),
  fc.dictionary(key, fc.oneof(word, fc.constant(1)), { maxKeys: 3 }),
  fc.array(fc.dictionary(key, word, { maxKeys: 2 }), { maxLength: 2 }),
);
const members = fc.dictionary(key, json, { maxKeys: 4 });
const destination = fc.constantFrom<object | undefined>(
  undefined,
  { url: "https://a.example/x?b=1" },
  { domain: "a.example", port: 443 },
  { command: "ls a", path: "/a" },
);
const request = fc.record(
  {
    action_type: fc.constantFrom("tool_call", "http_request"),
    action_name: word,
    arguments: members,
    destination,
    session_id: word,
    context: members,
  },
  { requiredKeys: ["action_type", "action_name", "arguments", "context"] },
);
const identity = fc.record({ name: word, roles: fc.array(word, { maxLength: 2 }), attributes: members });

const path = fc.oneof(
  fc.tuple(fc.constantFrom("arguments", "context", "identity.attributes"), key).map((parts) => parts.join(".")),
  fc.constantFrom("arguments.deep.a", "arguments.list[0]", "identity.roles", "identity.name", "action_name"),
  fc.constantFrom("destination.domain", "dest_path", "destination.port", "session_id", "arguments", "context"),
);
const text = word.map((value) => JSON.stringify(value));
const term = fc.oneof(
  fc.tuple(path, text).map(([p, v]) => `${p} == ${v}`),
  fc.tuple(path, text).map(([p, v]) => `${p} != ${v}`),
  fc.tuple(path, text).map(([p, v]) => `${v} in ${p}`),
  fc.tuple(path, text).map(([p, v]) => `${p}.startsWith(${v})`),
  fc.tuple(path, path).map(([p, q]) => `${p} == ${q}`),
  path.map((p) => `size(${p}) > 1`),
  path.map((p) => `type(${p}) == string`),
  fc.tuple(key, text).map(([k, v]) => `has(arguments.${k}) && arguments.${k} == ${v}`),
  text.map((v) => `action_arg_contains(arguments, ${v})`),
  text.map((v) => `arguments.exists(k, k == ${v})`),
  text.map((v) => `arguments.all(k, v, k != "a" || v == ${v})`),
  fc.tuple(key, key).map(([k, l]) => `arguments[context.${k}] == arguments.${l}`),
);
const condition = fc.oneof(
  term,
  fc.tuple(term, term).map(([a, b]) => `(${a}) && (${b})`),
  fc.tuple(term, term).map(([a, b]) => `(${a}) || !(${b})`),
);
const compiler = createCelCompiler();
const rule = fc.record({
  when: condition.filter((source) => compiler.compileCondition(source).ok),
  action: fc.option(fc.record({ name: word }), { nil: undefined }),
  decision: fc.constantFrom("allow", "deny", "approval_required"),
  priority: fc.nat(2),
});
const ruleSet = fc.array(rule, { minLength: 1, maxLength: 8 }).map((rules): RuleSet => {
  const named = rules.map((fields, at) => ({ id: `r${at}`, name: "Rule", reason: "A reason.", ...fields }));
  const content = JSON.stringify({ version: 1, policy: "p", rules: named });
  const loaded = createRuleLoader({ compiler: createCelCompiler() }).load([{ path: "p.yaml", content }]);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.diagnostics));
  return loaded.ruleSet;
});

const ID = "01890b6e-7c00-7000-8000-000000000000";
const TIME = "2026-01-15T10:00:00.000Z";

type Recorded = Pick<DecisionRecord, "request" | "identity"> & { readonly redacted?: readonly string[] };

function recordOf(made: Recorded, ruleSet: RuleSet): DecisionRecord {
  const text = JSON.stringify({
    version: 1,
    kind: "decision",
    id: ID,
    request_id: ID,
    time: TIME,
    decision: decide({ ruleSet, activation: readActivation(bare(made))!, cacheTtlSecondsMax: 0 }),
    key_id: ID,
    latency_us: 1,
    ...made,
  });
  const line = readLine(text);
  if (line.kind !== "decision") throw new Error(`a ${line.kind} line: ${text}`);
  return line.record;
}

const bare = ({ request, identity }: Recorded) =>
  structuredClone({ id: ID, time: TIME, request, identity }) as unknown as DecisionRecord;

/** JSON pointers of all that is in a record. */
function pointersIn(value: unknown, at = ""): string[] {
  if (typeof value !== "object" || value === null) return [at];
  return [
    ...(at === "" ? [] : [at]),
    ...Object.entries(value).flatMap(([key, child]) => pointersIn(child, `${at}/${key}`)),
  ];
}

/** Puts a marker in the place of a value, or of a key. */
function redact(record: Recorded, pointer: string, isKey: boolean): Recorded {
  const steps = pointer.split("/").slice(1);
  const last = steps.pop()!;
  const copy = structuredClone(record) as unknown as Record<string, unknown>;
  const holder = steps.reduce<Record<string, unknown> | undefined>(
    (value, step) => value?.[step] as Record<string, unknown> | undefined,
    copy,
  );
  if (typeof holder !== "object" || holder === null || !(last in holder)) return record;
  const canRename = isKey && steps.length > 1 && !Array.isArray(holder) && !steps.includes("destination");
  const key = canRename ? MARKER : last;
  const value = canRename ? holder[last] : MARKER;
  const entries = Object.entries(holder).map(([name, child]) => (name === last ? [key, value] : [name, child]));
  if (Array.isArray(holder)) holder[Number(last)] = value;
  else for (const name of Object.keys(holder)) delete holder[name];
  if (!Array.isArray(holder)) Object.assign(holder, Object.fromEntries(entries));
  const redacted = [...(record.redacted ?? []), [...["", ...steps], key].join("/")];
  return { ...(copy as unknown as Recorded), redacted };
}

describe("a record with redacted parts, decided again", () => {
  const seen = { decided: 0, undecidable: 0, wrongIfGuessed: 0 };

  function check(rules: RuleSet, whole: Recorded, redacted: Recorded): void {
    if (redacted.redacted === undefined) return;
    const expected = redecide(rules, recordOf(whole, rules)) as Decision;
    const record = { ...recordOf(whole, rules), ...structuredClone(redacted) } as DecisionRecord;
    const guessed = redecide(rules, (({ redacted: _, ...rest }) => structuredClone(rest))(record) as DecisionRecord);
    const decided = redecide(rules, record);
    if (decided === "undecidable") seen.undecidable += 1;
    else {
      seen.decided += 1;
      expect(decided).toEqual(expected);
    }
    if (JSON.stringify(guessed) !== JSON.stringify(expected)) {
      seen.wrongIfGuessed += 1;
      expect(decided).toBe("undecidable");
    }
  }

  it("gives the decision of the whole record or says that it cannot, whatever was replaced", () => {
    const choices = fc.array(fc.tuple(fc.nat(), fc.boolean()), { minLength: 1, maxLength: 3 });
    const property = fc.property(ruleSet, request, identity, choices, (rules, asked, who, chosen) => {
      fc.pre(parseEvaluateRequest(asked).ok);
      const whole = { request: asked, identity: who } as unknown as Recorded;
      const places = pointersIn(whole);
      const redacted = chosen.reduce(
        (record, [at, isKey]) => redact(record, places[at % places.length]!, isKey),
        whole,
      );
      check(rules, whole, redacted);
    });
    fc.assert(property, { numRuns: RUNS });
  });

  it("gives it for what the redactor takes out", () => {
    const paths = fc.subarray(
      [
        "/arguments/a",
        "/arguments/deep",
        "/context/*",
        "/arguments/list/0",
        "/identity/attributes/a",
        "/arguments/*/a",
      ],
      { minLength: 1 },
    );
    const property = fc.property(ruleSet, request, identity, paths, (rules, asked, who, configured) => {
      const secretive = {
        ...asked,
        arguments: { ...asked.arguments, b: "Bearer sk-ant-api03-abcdefghijklmnopqrstuvwx" },
      };
      fc.pre(parseEvaluateRequest(secretive).ok);
      const whole = { request: secretive, identity: who } as unknown as Recorded;
      const redactor = createRedactor({ key: new Uint8Array(32), paths: configured });
      const request = redactor.redactJson(JSON.stringify(whole.request));
      const person = redactor.redactJson(JSON.stringify({ identity: whole.identity }));
      const pointers = [
        ...(request?.pointers ?? []).map((pointer) => `/request${pointer}`),
        ...(person?.pointers ?? []),
      ];
      check(rules, whole, {
        request: request === undefined ? whole.request : JSON.parse(request.json),
        identity: person === undefined ? whole.identity : JSON.parse(person.json).identity,
        ...(pointers.length === 0 ? undefined : { redacted: pointers }),
      });
    });
    fc.assert(property, { numRuns: RUNS });
  });

  it("is read as the audit log reads it", () => {
    const numbers = fc.oneof(fc.constantFrom(-0, 0, 1.5), fc.integer());
    const anything = fc.jsonValue({ maxDepth: 4 }).map((value) => ({ value: [value] }));
    const property = fc.property(request, identity, anything, numbers, (asked, who, more, number) => {
      const args = `{"number":${Object.is(number, -0) ? "-0.0" : number},"more":${JSON.stringify(more)}}`;
      const body = { ...asked, arguments: JSON.parse(args) };
      const record = { id: ID, time: TIME, identity: who, request: body } as unknown as DecisionRecord;
      fc.pre(parseJsonText(JSON.stringify(record.request)).ok && parseEvaluateRequest(record.request).ok);
      expect(activationOf(structuredClone(record))).toEqual(readActivation(record));
    });
    fc.assert(property);
  });

  afterAll(() => {
    // Both kinds are common, else the properties above would show nothing.
    expect(seen.decided).toBeGreaterThan(RUNS / 10);
    expect(seen.wrongIfGuessed).toBeGreaterThan(RUNS / 20);
  });
});
