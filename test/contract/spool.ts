import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { linesOf, serializeRecord } from "../../src/audit/serialize-record.ts";
import type { Spool } from "../../src/audit/types.ts";
import { AWKWARD_ARGUMENTS, decisionRecord, eventRecord, idOf, ids } from "./samples.ts";

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
      const { text } = await spool.peek(1);
      expect(linesOf(text)).toEqual([JSON.stringify(decisionRecord(1, { arguments: args }))]);
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
      await small.append(serializeRecord(decisionRecord(99)));
      expect(ids(await small.peek(10))).toEqual([idOf(99)]);
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
