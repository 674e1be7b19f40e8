import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { AuditPartition, AuditPartitions, AuditSnapshot, AuditStore } from "../../src/audit/types.ts";
import { chainLines, decisionRecord, eventRecord, idAt, newWriter } from "./samples.ts";

export interface OpenedAuditPartitions {
  readonly partitions: AuditPartitions;
  /** Of the same records. */
  readonly store: AuditStore;
  /** Closes both; their methods fail from then on. May be called twice. */
  close(): Promise<void>;
  /** Called instead of `close` after a test that did not close it, where opening again is slow. */
  release?(): Promise<void>;
}

const [MAY, JUNE, JULY] = [4, 5, 6].map((month) => Date.UTC(2041, month)) as [number, number, number];

/** What every `AuditPartitions` promises. `create` gives an empty store each time; partitions may be there already. */
export function describeAuditPartitions(name: string, create: () => Promise<OpenedAuditPartitions>): void {
  describe(`AuditPartitions contract: ${name}`, () => {
    let opened: OpenedAuditPartitions;
    let partitions: AuditPartitions;
    beforeEach(async () => {
      opened = await create();
      partitions = opened.partitions;
      await partitions.drop(await partitions.list(), await opened.store.snapshot());
    });
    afterEach(() => opened.release?.() ?? opened.close());

    /** Of one writer: a decision at each time, a checkpoint where it is negative. */
    async function write(writer: number, times: readonly number[]) {
      const lines = chainLines(
        times.map((time, n) => {
          const id = idAt(Math.abs(time), 1000 * writer + n);
          return time < 0 ? eventRecord(n, "checkpoint", id) : decisionRecord(n, { id });
        }),
        newWriter(writer),
      );
      await opened.store.insert(Buffer.from(lines.join("\n")));
      return lines.map((line) => JSON.parse(line) as { writer: string; seq: number; hash: string });
    }

    const month = async (from: number): Promise<AuditPartition> =>
      (await partitions.list()).find((partition) => partition.from === from)!;

    it("lists the months of the records, oldest first, each from its first instant to the next one's", async () => {
      await write(1, [JULY - 1, MAY, JULY]);
      const list = await partitions.list();
      expect(list.map(({ from, to }) => [from, to])).toEqual([
        [MAY, JUNE],
        [JUNE, JULY],
        [JULY, Date.UTC(2041, 7)],
      ]);
      expect(new Set(list.map((partition) => partition.name)).size).toBe(3);
    });

    it("never lists records whose ids are in no month: they stay", async () => {
      const lines = chainLines(["", "zzz"].map((id) => ({ ...eventRecord(1), id })));
      await opened.store.insert(Buffer.from(lines.join("\n")));
      expect(await partitions.list()).toEqual([]);
    });

    it("drops a month and nothing else, twice without harm, and takes records of it again", async () => {
      await write(1, [JUNE - 1, JUNE, JULY - 1, JULY]);
      const june = await month(JUNE);
      const snapshot = await opened.store.snapshot();
      expect(await partitions.drop([june], snapshot)).toBe(true);
      expect(await partitions.drop([june], snapshot)).toBe(true);
      expect((await partitions.list()).map(({ from }) => from)).toEqual([MAY, JULY]);
      expect((await opened.store.scan({ limit: 10 })).map(({ id }) => id)).toEqual([
        idAt(JUNE - 1, 1000),
        idAt(JULY, 1003),
      ]);
      await write(2, [JUNE]);
      expect(await opened.store.scan({ limit: 10 })).toHaveLength(3);
    });

    it("drops none of them when one holds a record that came after the snapshot", async () => {
      await write(1, [MAY, JUNE]);
      const snapshot = await opened.store.snapshot();
      await write(2, [JUNE]);
      expect(await partitions.drop(await partitions.list(), snapshot)).toBe(false);
      expect(await opened.store.scan({ limit: 10 })).toHaveLength(3);
      expect(await partitions.drop([await month(MAY)], snapshot)).toBe(true);
      expect(await partitions.drop(await partitions.list(), await opened.store.snapshot())).toBe(true);
      expect(await partitions.list()).toEqual([]);
    });

    it("answers storage_unavailable once closed, from every method", async () => {
      await opened.close();
      const may = { name: "audit_records_2041_05", from: MAY, to: JUNE };
      for (const answer of [partitions.list(), partitions.drop([may], "1" as AuditSnapshot)]) {
        await expect(answer).rejects.toMatchObject({ code: "storage_unavailable" });
      }
    });
  });
}
