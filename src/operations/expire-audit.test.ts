import { expect, test } from "vitest";
import { createTestService } from "../../test/test-service.ts";
import type { AuditPartition, EventRecord } from "../audit/index.ts";
import { linesOf, parseRecord } from "../audit/index.ts";
import { expireAudit } from "./expire-audit.ts";

const DAY_MS = 86_400_000;
const WRITER = "01930000-0000-7000-8000-00000000000a";

/** Three months, the last of which is the present one of the test's clock (January 2026). */
const MONTHS: AuditPartition[] = [
  { name: "audit_records_2025_11", from: Date.UTC(2025, 10), to: Date.UTC(2025, 11) },
  { name: "audit_records_2025_12", from: Date.UTC(2025, 11), to: Date.UTC(2026, 0) },
  { name: "audit_records_2026_01", from: Date.UTC(2026, 0), to: Date.UTC(2026, 1) },
];

async function open(options: { flush?: () => Promise<boolean> } = {}) {
  const { service, spool } = await createTestService();
  const dropped: string[] = [];
  const kindsAtDrop: string[][] = [];
  const recorded = async () => linesOf((await spool.peek(100)).text).map(parseRecord);
  const deps = {
    ...service,
    spool,
    flush: options.flush ?? (async () => true),
    partitions: {
      list: async () => MONTHS.filter(({ name }) => !dropped.includes(name)),
      ends: async ({ name }: AuditPartition) => [
        { writer: WRITER, seq: MONTHS.findIndex((each) => each.name === name) + 7, hash: "f".repeat(64) },
      ],
      async drop({ name }: AuditPartition) {
        kindsAtDrop.push((await recorded()).map(({ kind }) => kind));
        dropped.push(name);
      },
    },
  };
  return { deps, dropped, kindsAtDrop, recorded };
}

test("months whose last record is past the retention go, oldest first; younger ones stay", async () => {
  const { deps, dropped } = await open();
  await expireAudit(deps, 20);
  expect(dropped).toEqual(["audit_records_2025_11"]);
  await expireAudit(deps, 1);
  expect(dropped).toEqual(["audit_records_2025_11", "audit_records_2025_12"]);
  await expireAudit(deps, 1);
  expect(dropped).toHaveLength(2);
});

test("before a month goes, the log says which chains ended where, under a checkpoint", async () => {
  const { deps, kindsAtDrop, recorded } = await open();
  await expireAudit(deps, 20);
  expect(kindsAtDrop).toEqual([["rules.activated", "audit.expired", "checkpoint"]]);
  const event = (await recorded()).find(({ kind }) => kind === "audit.expired") as EventRecord;
  expect(event.data).toEqual({
    partition: "audit_records_2025_11",
    from: "2025-11-01T00:00:00.000Z",
    to: "2025-12-01T00:00:00.000Z",
    writers: [{ writer: WRITER, seq: 7, hash: "f".repeat(64) }],
  });
});

test("what is said of a month repeats what was said before it: that is let go itself one day", async () => {
  const { deps, recorded } = await open();
  const other = { writer: WRITER.replace("a", "b"), seq: 3, hash: "e".repeat(64) };
  const ends = async (partition: AuditPartition) =>
    partition.name.endsWith("11") ? [other] : deps.partitions.ends(partition);
  const flush = async () => {
    await deps.flushAudit();
    return true;
  };
  await expireAudit({ ...deps, flush, partitions: { ...deps.partitions, ends } }, 1);
  expect(await recorded()).toEqual([]);
  const [last] = (await deps.auditStore.list({ kind: "audit.expired", limit: 1 })) as EventRecord[];
  expect(last!.data.writers).toEqual([other, { writer: WRITER, seq: 8, hash: "f".repeat(64) }]);
});

test("nothing goes while the log cannot be written, or what it says cannot reach the database", async () => {
  const away = await open({ flush: async () => false });
  await expireAudit(away.deps, 1);
  expect(away.dropped).toEqual([]);

  const closed = await open();
  await closed.deps.spool.close();
  await expect(expireAudit(closed.deps, 1)).rejects.toMatchObject({ code: "audit_unavailable" });
  expect(closed.dropped).toEqual([]);
});

test("a month goes a whole retention after its last instant, and not a moment before", async () => {
  const { deps, dropped } = await open();
  const end = MONTHS[0]!.to;
  await expireAudit({ ...deps, clock: { ...deps.clock, now: () => end + 30 * DAY_MS - 1 } }, 30);
  expect(dropped).toEqual([]);
  await expireAudit({ ...deps, clock: { ...deps.clock, now: () => end + 30 * DAY_MS } }, 30);
  expect(dropped).toEqual(["audit_records_2025_11"]);
});
