import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import type { RowsExamined } from "../../src/adapters/postgres/audit-page.ts";
import type { AuditFilters, AuditRecord, AuditSnapshot, AuditStore } from "../../src/audit/types.ts";
import { firstUuidv7At } from "../../src/model/uuid.ts";
import { chainLines, decisionRecord, eventRecord, idAt, newWriter } from "./samples.ts";

const RECORDS = 600;
/** Four months, three records a millisecond in every burst. */
const BURSTS = [0, 1, 2, 3].map((month) => Date.UTC(2025, month, 28));
const timeOf = (n: number) => BURSTS[Math.floor((n * BURSTS.length) / RECORDS)]! + Math.floor((n % 150) / 3) * 60_000;

/** Rules that decide everything, some of it, once, and much of it but long ago or only lately. */
const DECIDES: Readonly<Record<string, (n: number) => boolean>> = {
  "always/all": () => true,
  "some/fifth": (n) => n % 5 === 0,
  "some/hundredth": (n) => n % 100 === 37,
  "once/only": (n) => n === 222,
  "old/half": (n) => n < RECORDS / 2,
  "new/tenth": (n) => n >= RECORDS * 0.9,
  "middle/spell": (n) => n > 250 && n < 290,
  "never/ever": () => false,
};
const IDENTITIES = ["alice", "Alice", "bob"];
const SESSIONS = ["s1", "s2"];
const DECISIONS = ["allow", "deny", "approval_required"] as const;

/** Every seventh is an event; ids of no month are at both ends. */
const LOG: readonly AuditRecord[] = [
  { ...eventRecord(1), id: "" },
  ...Array.from({ length: RECORDS }, (_, n) => {
    const id = idAt(timeOf(n), n);
    if (n % 7 === 6) return eventRecord(n, "rules.activated", id);
    return decisionRecord(n, {
      id,
      identity: IDENTITIES[n % 3]!,
      decision: DECISIONS[n % 4 === 0 ? n % 3 : 0]!,
      rules: Object.keys(DECIDES).filter((rule) => DECIDES[rule]!(n)),
      ...(n % 2 === 0 ? { session_id: SESSIONS[n % 4 === 0 ? 0 : 1]! } : {}),
    });
  }),
  { ...decisionRecord(1, { rules: ["always/all", "once/only"] }), id: "zzz" },
];
/** The first batch is what was there at the snapshot: every record but each third. */
const isEarly = (index: number) => index % 3 !== 1;

interface Search extends AuditFilters {
  readonly rule_id: string;
}

function passes(record: AuditRecord, { from, to, rule_id, identity, session_id, decision, kind }: Search): boolean {
  if (from !== undefined && record.id < firstUuidv7At(from)) return false;
  if (to !== undefined && record.id >= firstUuidv7At(to)) return false;
  if (record.kind !== "decision") return false;
  return (
    record.decision.rules.includes(rule_id) &&
    (identity === undefined || record.identity.name === identity) &&
    (session_id === undefined || record.request.session_id === session_id) &&
    (decision === undefined || record.decision.decision === decision) &&
    (kind === undefined || record.kind === kind)
  );
}

const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 });
const instant = fc.nat(RECORDS - 1).map(timeOf);
const search = fc
  .record({
    rule_id: fc.constantFrom(...Object.keys(DECIDES)),
    from: maybe(instant),
    to: maybe(instant),
    identity: maybe(fc.constantFrom(...IDENTITIES)),
    session_id: maybe(fc.constantFrom(...SESSIONS)),
    decision: maybe(fc.constantFrom(...DECISIONS)),
    kind: maybe(fc.constantFrom("decision", "rules.activated")),
  })
  .map(
    (parts) => Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined)) as never as Search,
  );
const cursor = maybe(fc.nat(LOG.length - 1).map((index) => LOG[index]!.id));
const limit = fc.constantFrom(1, 2, 3, 10, 51, RECORDS + 9);
/** From less than a page to more than there is. */
const examined = fc.constantFrom(1, 5, 40, 200, 20_000);

/** That pages of a rule's records are those of all records, filtered here. `create` gives stores of one empty database. */
export function describeRuleSearch(name: string, create: () => Promise<(rows?: RowsExamined) => AuditStore>): void {
  describe(`searches by rule: ${name}`, () => {
    let storeWith: (rows?: RowsExamined) => AuditStore;
    let snapshot: AuditSnapshot;
    beforeAll(async () => {
      storeWith = await create();
      const store = storeWith();
      await store.insert(Buffer.from(chainLines(LOG.filter((_, index) => isEarly(index))).join("\n")));
      snapshot = await store.snapshot();
      const late = chainLines(
        LOG.filter((_, index) => !isEarly(index)),
        newWriter(1),
      );
      await store.insert(Buffer.from(late.join("\n")));
    });

    it("list gives what all records give, newest first, however near the rule decided last", async () => {
      await fc.assert(
        fc.asyncProperty(search, cursor, limit, examined, async (filters, before, rows, near) => {
          const found = await storeWith(() => near).list({
            ...filters,
            ...(before !== undefined && { before }),
            limit: rows,
          });
          const expected = LOG.filter(
            (record) => passes(record, filters) && (before === undefined || record.id < before),
          );
          expect(found.map(({ id }) => id)).toEqual(idsOf(expected.toReversed().slice(0, rows)));
        }),
        { numRuns: 400 },
      );
    });

    it("scan does, oldest first, as of a snapshot too", async () => {
      await fc.assert(
        fc.asyncProperty(
          search,
          cursor,
          limit,
          examined,
          fc.boolean(),
          async (filters, after, rows, near, isEarlier) => {
            const query = {
              ...filters,
              ...(after !== undefined && { after }),
              ...(isEarlier && { snapshot }),
              limit: rows,
            };
            const found = await storeWith(() => near).scan(query);
            const expected = LOG.filter(
              (record, index) =>
                passes(record, filters) && (after === undefined || record.id > after) && (!isEarlier || isEarly(index)),
            );
            expect(found.map(({ id }) => id)).toEqual(idsOf(expected.slice(0, rows)));
          },
        ),
        { numRuns: 400 },
      );
    });

    it.each(Object.keys(DECIDES))("pages of %s meet without a gap or a repetition, both ways", async (rule_id) => {
      const expected = idsOf(LOG.filter((record) => passes(record, { rule_id })));
      for (const near of [1, 30, 20_000]) {
        const store = storeWith(() => near);
        const list = (before?: string) => store.list({ rule_id, ...(before !== undefined && { before }), limit: 17 });
        const scan = (after?: string) => store.scan({ rule_id, ...(after !== undefined && { after }), limit: 17 });
        expect(await idsOfPages(list)).toEqual(expected.toReversed());
        expect(await idsOfPages(scan)).toEqual(expected);
      }
    });
  });
}

const idsOf = (records: readonly { readonly id: string }[]) => records.map(({ id }) => id);

async function idsOfPages(read: (cursor?: string) => Promise<readonly { readonly id: string }[]>): Promise<string[]> {
  const all: string[] = [];
  for (let page = idsOf(await read()); page.length > 0; page = idsOf(await read(page.at(-1)))) all.push(...page);
  return all;
}
