import { expect, test } from "vitest";
import { createTestService } from "../../../test/test-service.ts";
import type { MemoryAuditStore } from "../../adapters/memory/audit-store.ts";
import { type AuditScan, type EventRecord, GENESIS, linkRecord, serializeRecord } from "../../audit/index.ts";
import { SCOPES } from "../../identity/index.ts";
import { firstUuidv7At } from "../../model/uuid.ts";
import { recordEvent } from "../service.ts";
import { expireAudit } from "./expire-audit.ts";
import { verifyAudit } from "./verify-audit.ts";

const DAY_MS = 86_400_000;
const AUDITOR = { keyId: "k", identity: { name: "a", roles: [], attributes: {} }, scopes: new Set(SCOPES) };

/** A log with records in January, February and March 2026; it is the 3rd of March. */
async function open() {
  const verdict = await createTestService();
  const { service, spool } = verdict;
  for (let month = 0; month < 2; month += 1) {
    await recordEvent(service, "key.created", "system", { month });
    await spool.checkpoint();
    verdict.advance(30 * DAY_MS);
  }
  await recordEvent(service, "key.created", "system", { month: 2 });
  await service.flushAudit();
  const store = service.auditStore as MemoryAuditStore;
  return { ...verdict, store, deps: { ...service, spool } };
}

const monthsOf = async ({ partitions }: MemoryAuditStore) =>
  (await partitions.list()).map(({ from }) => new Date(from).toISOString().slice(0, 7));

test("months whose last record is past the retention go; younger ones stay, and what remains verifies", async () => {
  const { deps, store, service } = await open();
  await expireAudit(deps, 20);
  expect(await monthsOf(store)).toEqual(["2026-02", "2026-03"]);
  expect(await verifyAudit(service, AUDITOR, {})).toMatchObject({ valid: true, errors: 0 });
  await expireAudit(deps, 20);
  expect(await monthsOf(store)).toEqual(["2026-02", "2026-03"]);

  await expireAudit(deps, 1);
  expect(await monthsOf(store)).toEqual(["2026-03"]);
  expect(await verifyAudit(service, AUDITOR, {})).toMatchObject({ valid: true, errors: 0 });
});

test("before months go, the log says which, and where each chain ended in them", async () => {
  const { deps, store } = await open();
  const records = (await store.scan({ limit: 100 })).map(({ line }) => JSON.parse(line));
  const last = records.filter(({ time }) => time < "2026-03").at(-1);
  await expireAudit(deps, 1);
  const [event] = (await store.list({ kind: "audit.expired", limit: 9 })) as EventRecord[];
  expect(event!.data).toEqual({
    partitions: ["audit_records_2026_01", "audit_records_2026_02"],
    from: "2026-01-01T00:00:00.000Z",
    to: "2026-03-01T00:00:00.000Z",
    writers: [{ writer: last.writer, seq: last.seq, hash: last.hash }],
  });
  expect((await store.list({ kind: "checkpoint", limit: 1 }))[0]!.id > event!.id).toBe(true);
});

test("what was said of a month is said again when that is let go itself", async () => {
  const { deps, store, service, advance } = await open();
  await expireAudit(deps, 20);
  advance(70 * DAY_MS);
  await recordEvent(service, "key.created", "system", {});
  await service.flushAudit();
  await expireAudit(deps, 20);
  expect(await monthsOf(store)).toEqual(["2026-05"]);
  expect(await verifyAudit(service, AUDITOR, {})).toMatchObject({ valid: true, errors: 0 });
});

test("a log that does not verify is evidence: nothing of it goes", async () => {
  const { deps, store, logLines } = await open();
  const auditStore = {
    ...store,
    scan: async (query: AuditScan) =>
      (await store.scan(query)).map(({ id, line }) => ({ id, line: line.replace('"month":0', '"month":7') })),
  };
  await expireAudit({ ...deps, auditStore }, 1);
  expect(await monthsOf(store)).toHaveLength(3);
  expect(logLines.join("")).toContain("does not verify");
});

test("nothing goes while the log cannot be written, or what it says cannot reach the database", async () => {
  const away = await open();
  await expireAudit({ ...away.deps, flushAudit: async () => false }, 1);
  expect(await monthsOf(away.store)).toHaveLength(3);

  const closed = await open();
  await closed.spool.close();
  await expect(expireAudit(closed.deps, 1)).rejects.toMatchObject({ code: "audit_unavailable" });
  expect(await monthsOf(closed.store)).toHaveLength(3);
});

test("nothing goes when a record of such a month arrives after the log was verified", async () => {
  const { deps, store } = await open();
  const late = linkRecord(
    serializeRecord({
      version: 1,
      kind: "key.created",
      id: firstUuidv7At(Date.UTC(2026, 0, 20)),
      time: "2026-01-20T00:00:00.000Z",
      actor: "system",
      data: {},
    }),
    { writer: "01930000-0000-7000-8000-0000000000bb", seq: 0, hash: GENESIS },
  );
  let flushes = 0;
  const flushAudit = async () => {
    flushes += 1;
    // The second one is that of the event, right before the drop.
    if (flushes === 2) await store.insert(Buffer.from(late.line));
    return deps.flushAudit();
  };
  await expireAudit({ ...deps, flushAudit }, 1);
  expect(await monthsOf(store)).toHaveLength(3);
});

test("a month goes a whole retention after its last instant, and not a moment before", async () => {
  const { deps, store } = await open();
  const end = Date.UTC(2026, 1);
  await expireAudit({ ...deps, clock: { ...deps.clock, now: () => end + 30 * DAY_MS - 1 } }, 30);
  expect(await monthsOf(store)).toHaveLength(3);
  await expireAudit({ ...deps, clock: { ...deps.clock, now: () => end + 30 * DAY_MS } }, 30);
  expect(await monthsOf(store)).toEqual(["2026-02", "2026-03"]);
});
