import { describe, expect, it, vi } from "vitest";
import { linesOf, parseRecord, serializeRecord } from "./serialize-record.ts";
import { createShipper, type ShipperClock, type ShipperOptions } from "./shipper.ts";
import type { AuditRecord, EventRecord } from "./types.ts";

function record(n: number): EventRecord {
  return { version: 1, kind: "service.started", id: String(n).padStart(8, "0"), time: "", actor: "system", data: {} };
}

function arraySpool(): ShipperOptions["spool"] & { readonly records: AuditRecord[]; append(line: string): void } {
  const records: AuditRecord[] = [];
  let peeked = 0;
  return {
    records,
    append: (line) => void records.push(parseRecord(line)),
    async peek(max) {
      peeked = Math.min(max, records.length);
      return { bytes: Buffer.from(records.slice(0, peeked).map(serializeRecord).join("\n")), count: peeked };
    },
    acknowledge: async () => void records.splice(0, peeked),
    get pending() {
      return records.length;
    },
  };
}

/** Time stands still until `advance`, which then runs what is due and lets promises settle. */
function manualClock(): ShipperClock & { advance(ms: number): Promise<void>; readonly waits: readonly number[] } {
  let now = 1_000_000;
  const timers = new Set<{ due: number; run: () => void }>();
  const waits: number[] = [];
  return {
    waits,
    now: () => now,
    random: () => 1,
    nextTurn: async () => {},
    after(ms, run) {
      waits.push(ms);
      const timer = { due: now + ms, run };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    async advance(ms) {
      now += ms;
      for (const timer of [...timers].filter(({ due }) => due <= now)) {
        timers.delete(timer);
        timer.run();
      }
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

function setUp(insert: (lines: Buffer) => Promise<void>, overrides: Partial<ShipperOptions> = {}) {
  const clock = manualClock();
  const spool = arraySpool();
  const onError = vi.fn();
  const options = { spool, store: { insert }, clock, batchMax: 3, intervalMs: 100, onError, ...overrides };
  const shipper = createShipper({ backoffMinMs: 200, backoffMaxMs: 1000, ...options });
  const fill = (count: number) => {
    for (let n = 0; n < count; n += 1) spool.records.push(record(n));
  };
  return { clock, spool, shipper, onError, fill };
}

/** An insert that hangs until `finish` is called. */
function heldInsert() {
  const waiting: (() => void)[] = [];
  const insert = vi.fn(() => new Promise<void>((resolve) => void waiting.push(resolve)));
  return { insert, finish: () => waiting.shift()?.() };
}

describe("createShipper", () => {
  it("moves everything in order, in batches of at most batchMax", async () => {
    const batches: string[][] = [];
    const { clock, spool, shipper, fill } = setUp(
      async (text) => void batches.push(linesOf(text).map((line) => parseRecord(line).id)),
    );
    fill(7);
    await clock.advance(100);
    expect(batches.map((batch) => batch.length)).toEqual([3, 3, 1]);
    expect(batches.flat()).toEqual(Array.from({ length: 7 }, (_, n) => record(n).id));
    expect(spool.pending).toBe(0);
    expect(shipper.state).toEqual({ pending: 0, shippedTotal: 7, lastShippedAt: clock.now() });
    fill(1);
    await clock.advance(100);
    expect(shipper.state.shippedTotal).toBe(8);
  });

  it("lets go of the event loop between batches, also of a store that never waits for anything", async () => {
    const turn = heldInsert();
    const clock = { ...manualClock(), nextTurn: turn.insert };
    const insert = vi.fn(async () => {});
    setUp(insert, { clock }).fill(7);
    await clock.advance(100);
    expect(insert).toHaveBeenCalledTimes(1);
    for (const times of [2, 3, 3]) {
      turn.finish();
      await clock.advance(0);
      expect(insert).toHaveBeenCalledTimes(times);
    }
  });

  it("gives less at once to a store that a whole batch is too much for, and more again later", async () => {
    const sizes: number[] = [];
    const { clock, spool, fill } = setUp(
      async (text) => {
        const { length } = linesOf(text);
        sizes.push(length);
        if (length > 2 && sizes.length < 4) throw new Error("too slow");
      },
      { batchMax: 8 },
    );
    fill(12);
    await clock.advance(100);
    for (const wait of [200, 400, 800]) await clock.advance(wait);
    expect(sizes).toEqual([8, 4, 2, 4, 6]);
    expect(spool.pending).toBe(0);
  });

  it("acknowledges nothing that the store did not confirm", async () => {
    const { clock, spool, shipper, onError, fill } = setUp(() => Promise.reject(new Error("down")));
    fill(4);
    await clock.advance(100);
    expect(spool.pending).toBe(4);
    expect(shipper.state).toMatchObject({ pending: 4, shippedTotal: 0, lastError: new Error("down") });
    expect(onError).toHaveBeenCalledOnce();
  });

  it("tries again after growing pauses, and ships in the old rhythm once the store is back", async () => {
    let isDown = true;
    const { clock, shipper, fill } = setUp(() => (isDown ? Promise.reject(new Error("down")) : Promise.resolve()));
    fill(1);
    await clock.advance(100);
    for (const wait of [200, 400, 800, 1000]) await clock.advance(wait);
    expect(clock.waits).toEqual([100, 200, 400, 800, 1000, 1000]);
    isDown = false;
    await clock.advance(1000);
    expect(shipper.state).toEqual({ pending: 0, shippedTotal: 1, lastShippedAt: clock.now() });
    expect(clock.waits.at(-1)).toBe(100);
  });

  it("shortens pauses at random so that replicas do not retry in step", async () => {
    const clock = { ...manualClock(), random: () => 0 };
    const { fill } = setUp(() => Promise.reject(new Error("down")), { clock });
    fill(1);
    await clock.advance(100);
    expect(clock.waits).toEqual([100, 100]);
  });

  it("flush ships at once all that was pending", async () => {
    const { shipper, fill } = setUp(async () => {});
    fill(7);
    expect(await shipper.flush(1000)).toBe(true);
    expect(shipper.state.pending).toBe(0);
    expect(await shipper.flush(1000)).toBe(true);
  });

  it("flush waits for a run that is under way, and many at once share it", async () => {
    const { insert, finish } = heldInsert();
    const { clock, shipper, fill } = setUp(insert);
    fill(2);
    await clock.advance(100);
    const flushes = Promise.all([shipper.flush(1000), shipper.flush(1000)]);
    finish();
    expect(await flushes).toEqual([true, true]);
    expect(insert).toHaveBeenCalledOnce();
  });

  it("flush says false when the store fails, without waiting for the deadline, and keeps the records", async () => {
    const { shipper, spool, fill } = setUp(() => Promise.reject(new Error("down")));
    fill(2);
    expect(await shipper.flush(1_000_000)).toBe(false);
    expect(spool.pending).toBe(2);
  });

  it("flush says false at its deadline when the store hangs", async () => {
    const { clock, shipper, fill } = setUp(() => new Promise(() => {}));
    fill(2);
    const flushed = shipper.flush(500);
    await clock.advance(500);
    expect(await flushed).toBe(false);
  });

  it("stop waits for the insert under way, then ships no more", async () => {
    const { insert, finish } = heldInsert();
    const { clock, shipper, spool, fill } = setUp(insert);
    fill(5);
    await clock.advance(100);
    const stopped = shipper.stop();
    finish();
    await stopped;
    await clock.advance(10_000);
    expect(insert).toHaveBeenCalledOnce();
    expect(spool.pending).toBe(2);
    expect(await shipper.flush(1000)).toBe(false);
  });
});
