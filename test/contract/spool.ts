import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ChainHead, GENESIS, linkOf } from "../../src/audit/chain.ts";
import { isIntact, linkRecord } from "../../src/audit/line-hash.ts";
import { linesOf, serializeRecord } from "../../src/audit/serialize-record.ts";
import type { Lines, Spool } from "../../src/audit/types.ts";
import { instantOfUuidv7 } from "../../src/model/uuid.ts";
import { AWKWARD_ARGUMENTS, decisionRecord, eventRecord, idOf, ids } from "./samples.ts";

const WRITER = "01930000-0000-7000-8000-0000000000ff";

/** What every spool is opened with here; a checkpoint takes the place of its head in the ids. */
export const CHAIN = {
  newWriter: () => WRITER,
  boot: "1",
  createCheckpoint: ({ seq }: ChainHead) => serializeRecord(eventRecord(seq, "checkpoint")),
  checkpointRecords: 100_000,
};

const linksOf = ({ bytes }: Lines) => linesOf(bytes).map((line) => linkOf(line)!);

/** What every `Spool` promises. `create` gives an empty spool each time; `bytesMax` is its byte budget. */
export function describeSpool(name: string, create: (options: { bytesMax?: number }) => Promise<Spool>): void {
  describe(`Spool contract: ${name}`, () => {
    let spool: Spool;
    beforeEach(async () => {
      spool = await create({});
    });
    afterEach(() => spool.close());

    it("starts empty", async () => {
      expect((await spool.peek(10)).count).toBe(0);
      expect(spool.pending).toBe(0);
    });

    it("gives records back oldest first, and again until they are acknowledged", async () => {
      await Promise.all([1, 2, 3].map((n) => spool.append(serializeRecord(decisionRecord(n)))));
      expect(ids(await spool.peek(2))).toEqual([1, 2].map(idOf));
      expect(ids(await spool.peek(10))).toEqual([1, 2, 3].map(idOf));
      expect(spool.pending).toBe(3);
    });

    it("forgets what was acknowledged, from the oldest on", async () => {
      for (const n of [1, 2, 3]) await spool.append(serializeRecord(eventRecord(n)));
      expect((await spool.peek(2)).count).toBe(2);
      await spool.acknowledge();
      await spool.acknowledge();
      expect(ids(await spool.peek(10))).toEqual([idOf(3)]);
      expect(spool.pending).toBe(1);
      await spool.acknowledge();
      expect((await spool.peek(10)).count).toBe(0);
      expect(spool.pending).toBe(0);
    });

    it.each(Object.entries(AWKWARD_ARGUMENTS))("gives back exactly what was appended: %s", async (_, args) => {
      await spool.append(serializeRecord(decisionRecord(1, { arguments: args })));
      const { bytes } = await spool.peek(1);
      const record = JSON.stringify(decisionRecord(1, { arguments: args }));
      expect(linesOf(bytes)).toEqual([linkRecord(record, { writer: WRITER, seq: 0, hash: GENESIS }).line]);
    });

    it("links every record to the one before it", async () => {
      for (let n = 0; n < 30; n += 3) {
        await Promise.all([n, n + 1, n + 2].map((each) => spool.append(serializeRecord(decisionRecord(each)))));
      }
      const lines: string[] = [];
      for (let batch = await spool.peek(100); batch.count > 0; batch = await spool.peek(100)) {
        lines.push(...linesOf(batch.bytes));
        await spool.acknowledge();
      }
      const links = lines.map((line) => linkOf(line)!);
      expect(lines.every(isIntact)).toBe(true);
      expect(links.map(({ seq }) => seq)).toEqual(Array.from({ length: 30 }, (_, n) => n + 1));
      expect(links.map(({ prev_hash }) => prev_hash)).toEqual([GENESIS, ...links.map(({ hash }) => hash)].slice(0, 30));
      expect(spool.head).toEqual({ writer: WRITER, seq: 30, hash: links.at(-1)!.hash });
    });

    it("signs the chain as it is, and not twice", async () => {
      await spool.checkpoint();
      expect(spool.pending).toBe(0);
      await spool.append(serializeRecord(decisionRecord(1)));
      await spool.checkpoint();
      await spool.checkpoint();
      const lines = linesOf((await spool.peek(10)).bytes);
      expect(lines.map((line) => (JSON.parse(line) as { kind: string }).kind)).toEqual(["decision", "checkpoint"]);
      await spool.append(serializeRecord(decisionRecord(9)));
      await spool.checkpoint();
      expect(spool.pending).toBe(4);
    });

    it("knows when its oldest record was made", async () => {
      expect(spool.oldestTime()).toBe(undefined);
      const time = instantOfUuidv7(idOf(1));
      await spool.append(serializeRecord(decisionRecord(1)));
      expect(spool.oldestTime()).toBe(time);
      await spool.peek(1);
      await spool.acknowledge();
      expect(spool.oldestTime()).toBe(undefined);
    });

    it("keeps the order of appends across turns and acknowledgements", async () => {
      const seen: string[] = [];
      for (let n = 0; n < 200; n += 4) {
        await Promise.all([n, n + 1, n + 2, n + 3].map((each) => spool.append(serializeRecord(decisionRecord(each)))));
        const batch = await spool.peek(3);
        seen.push(...ids(batch));
        await spool.acknowledge();
      }
      for (let batch = await spool.peek(7); batch.count > 0; batch = await spool.peek(7)) {
        seen.push(...ids(batch));
        await spool.acknowledge();
      }
      expect(seen).toEqual(Array.from({ length: 200 }, (_, n) => idOf(n)));
    });

    it("refuses with audit_unavailable beyond its byte budget, and takes records again once there is room", async () => {
      const small = await create({ bytesMax: 8 * 1024 });
      const results = await Promise.allSettled(
        Array.from({ length: 50 }, (_, n) => small.append(serializeRecord(decisionRecord(n)))),
      );
      const refused = results.filter((result) => result.status === "rejected");
      expect(refused.length).toBeGreaterThan(40);
      for (const { reason } of refused) expect(reason).toMatchObject({ code: "audit_unavailable" });
      expect(small.pending).toBe(50 - refused.length);
      expect(small.bytes).toBeLessThanOrEqual(8 * 1024);

      expect((await small.peek(50)).count).toBe(small.pending);
      await small.acknowledge();
      const { seq, hash } = small.head;
      await small.append(serializeRecord(decisionRecord(99)));
      const lines = await small.peek(10);
      expect(ids(lines)).toEqual([idOf(99)]);
      // What was refused left no hole in the chain.
      expect(linksOf(lines)).toMatchObject([{ seq: seq + 1, prev_hash: hash }]);
      await small.close();
    });

    it("refuses with audit_unavailable once closed, and closes twice", async () => {
      await spool.close();
      await spool.close();
      await expect(spool.append(serializeRecord(decisionRecord(1)))).rejects.toMatchObject({
        code: "audit_unavailable",
      });
    });
  });
}
