import * as nodeFs from "node:fs";
import { appendFileSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import {
  acknowledge,
  appendAll,
  CURSOR_BYTES,
  directory,
  drain,
  failure,
  idOf,
  lineOf,
  numbersOf,
  open,
  problems,
  range,
  record,
  segmentFiles,
  smallDisk,
  useDirectoryForEachTest,
  WRITER,
} from "../../../test/spool-scene.ts";
import { type ChainHead, GENESIS, linkOf } from "../../audit/chain.ts";
import { linesOf } from "../../audit/serialize-record.ts";
import type { EventRecord, Spool } from "../../audit/types.ts";
import { realSpoolFs, type SpoolFs } from "./spool-fs.ts";

useDirectoryForEachTest();

describe("openFileSpool", () => {
  it("writes all appends of one event-loop turn at once", async () => {
    let writes = 0;
    const writeSync: SpoolFs["writeSync"] = (fd, buffer, offset, length, position) => {
      writes += 1;
      return nodeFs.writeSync(fd, buffer, offset, length, position);
    };
    const spool = open({ fs: { ...realSpoolFs, writeSync } });
    writes = 0;
    await appendAll(spool, 0, 100);
    expect(writes).toBe(1);
    await spool.close();
  });

  it("has what it confirmed on disk at that moment", async () => {
    const spool = open();
    await spool.append(record(1));
    const other = open();
    expect(await drain(other)).toEqual([1]);
    await other.close();
    await spool.close();
  });

  it("syncs before it confirms when records must survive the machine", async () => {
    const calls: string[] = [];
    const fs: SpoolFs = {
      ...realSpoolFs,
      fdatasyncSync: () => void calls.push("fdatasync"),
      fsyncSync: () => void calls.push("fsync of the directory"),
    };
    const spool = open({ fs, durability: "disk" });
    calls.length = 0;
    await spool.append(record(1)).then(() => calls.push("confirmed"));
    expect(calls).toEqual(["fsync of the directory", "fdatasync", "confirmed"]);
    await spool.close();
  });

  it("keeps its files from other users", async () => {
    const spool = open();
    await spool.append(record(1));
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(directory)) expect(statSync(join(directory, name)).mode & 0o777).toBe(0o600);
    await spool.close();
  });

  describe("after a restart", () => {
    it("gives what was not acknowledged, from the middle of a batch too, and then what is new", async () => {
      const first = open();
      await appendAll(first, 0, 10);
      await acknowledge(first, 4);
      await first.close();

      const second = open();
      expect(second.pending).toBe(6);
      await appendAll(second, 10, 12);
      expect(await drain(second)).toEqual(range(4, 12));
      await second.close();

      const third = open();
      expect(await drain(third)).toEqual([]);
      await third.close();
      expect(problems).toEqual([]);
    });

    it.each([
      ["part of a line", '{"version":1,"kind"'],
      ["whole lines of a batch without its end", `${record(98)}\n${record(99)}\n`],
    ])("cuts %s that an unfinished write left, and says so", async (_, torn) => {
      const first = open();
      await appendAll(first, 0, 3);
      await first.close();
      appendFileSync(join(directory, segmentFiles()[0]!), torn);

      const second = open();
      expect(problems).toMatchObject([{ kind: "torn_tail", path: join(directory, segmentFiles()[0]!) }]);
      expect(await drain(second)).toEqual([0, 1, 2]);
      await second.close();
    });

    it("starts from the beginning when its progress cannot be read: shipping twice does no harm", async () => {
      const first = open();
      await appendAll(first, 0, 10);
      await acknowledge(first, 4);
      await first.close();
      writeFileSync(join(directory, "acknowledged"), "?");
      const second = open();
      expect(await drain(second)).toEqual(range(0, 10));
      await second.close();
    });

    it("drops nothing when it dies between any two steps of an acknowledgement", async () => {
      const first = open({ segmentBytes: 300 });
      for (let n = 0; n < 10; n += 1) await first.append(record(n));
      const fs: SpoolFs = {
        ...realSpoolFs,
        unlinkSync: () => {
          throw failure("EIO");
        },
      };
      await first.close();
      const second = open({ segmentBytes: 300, fs });
      await acknowledge(second, 7);
      await second.close();
      const third = open({ segmentBytes: 300 });
      expect(await drain(third)).toEqual([7, 8, 9]);
      await third.close();
    });
  });

  describe("the chain", () => {
    const linksIn = async (spool: Spool) => {
      const links = [];
      for (let batch = await spool.peek(100); batch.count > 0; batch = await spool.peek(100)) {
        links.push(...linesOf(batch.bytes).map((line) => linkOf(line)!));
        await spool.acknowledge();
      }
      return links;
    };

    it.each([
      ["with records that are not shipped", 0, 1000],
      ["after all was shipped and its files are gone", 5, 300],
    ])("goes on after a restart %s", async (_, shipped, segmentBytes) => {
      const first = open({ segmentBytes });
      for (let n = 0; n < 5; n += 1) await first.append(record(n));
      const { head } = first;
      await acknowledge(first, shipped);
      await first.close();
      if (shipped > 0) expect(segmentFiles()).toEqual([]);

      const second = open({ segmentBytes });
      expect(second.head).toEqual(head);
      expect(second.lastId).toBe(idOf(4));
      await second.append(record(5));
      const links = await linksIn(second);
      expect(links.at(-1)).toMatchObject({ writer: WRITER, seq: 6, prev_hash: head.hash });
      expect(problems).toEqual([]);
      await second.close();
    });

    it("goes on from the older of its two notes when the newer one was cut short", async () => {
      const first = open({ segmentBytes: 300 });
      for (let n = 0; n < 4; n += 1) await first.append(record(n));
      await acknowledge(first, 3);
      const { head } = first;
      await first.close();
      const path = join(directory, "acknowledged");
      const notes = readFileSync(path, "latin1");
      const newest = notes.slice(0, 16) > notes.slice(CURSOR_BYTES, CURSOR_BYTES + 16) ? 0 : CURSOR_BYTES;
      writeFileSync(path, `${notes.slice(0, newest)}${"0".repeat(100)}${notes.slice(newest + 100)}`, "latin1");
      const second = open({ segmentBytes: 300 });
      expect(second.head).toEqual(head);
      expect(await drain(second)).toEqual([3]);
      expect(problems).toEqual([]);
      await second.close();
    });

    it("begins another chain, which links to it, once the machine was started again", async () => {
      const first = open();
      await first.append(record(1));
      const { head } = first;
      await first.close();
      const other = WRITER.replace("a", "c");
      for (let start = 0; start < 2; start += 1) {
        const second = open({ boot: "2", newWriter: () => other });
        expect(second.head).toMatchObject({ writer: other, seq: start });
        await second.append(record(2 + start));
        await second.close();
      }
      const third = open({ boot: "2" });
      const links = await linksIn(third);
      expect(links.map(({ writer, seq }) => [writer, seq])).toEqual([
        [WRITER, 1],
        [other, 1],
        [other, 2],
      ]);
      expect(links[1]!.prev_hash).toBe(head.hash);
      expect(third.storedHead).toMatchObject({ writer: other, seq: 2 });
      expect(problems).toEqual([]);
      await third.close();
    });

    it("begins anew, and says so, when nothing tells where it stood", async () => {
      const first = open({ segmentBytes: 300 });
      await first.append(record(1));
      await acknowledge(first, 1);
      await first.append(record(2));
      await first.close();
      writeFileSync(join(directory, segmentFiles()[0]!), "rubbish\n\n");
      writeFileSync(join(directory, "acknowledged"), "?");
      const second = open({ segmentBytes: 300, newWriter: () => WRITER.replace("a", "b") });
      expect(problems.map(({ kind }) => kind)).toContain("chain_lost");
      expect(second.head).toEqual({ writer: WRITER.replace("a", "b"), seq: 0, hash: GENESIS });
      await second.close();
    });

    it("never goes back behind what was shipped, though the end of a file rotted", async () => {
      const first = open();
      await appendAll(first, 0, 5);
      await acknowledge(first, 5);
      const { head } = first;
      await first.close();
      const path = join(directory, segmentFiles()[0]!);
      writeFileSync(path, readFileSync(path, "utf8").replace(idOf(4), `${idOf(4).slice(0, -1)}\u0001`));
      const second = open();
      expect(second.head).toEqual(head);
      expect(readdirSync(directory)).toContain("000000000001.ndjson.torn");
      await second.close();
    });

    it("is signed after so many records, within the write of the last of them", async () => {
      const spool = open({ checkpointRecords: 3 });
      for (let n = 0; n < 7; n += 1) await spool.append(record(n));
      const kinds = linesOf((await spool.peek(20)).bytes).map((line) => (JSON.parse(line) as EventRecord).kind);
      const [start, sign] = ["service.started", "checkpoint"];
      expect(kinds).toEqual([start, start, start, sign, start, start, start, sign, start]);
      await spool.close();
    });

    it("takes records although it cannot be signed, says so, and signs later", async () => {
      let isBroken = true;
      const createCheckpoint = ({ seq }: ChainHead) => {
        if (isBroken) throw new Error("no key");
        return record(seq, {}, "checkpoint");
      };
      const spool = open({ checkpointRecords: 2, createCheckpoint });
      for (let n = 0; n < 3; n += 1) await spool.append(record(n));
      await vi.waitFor(() => expect(problems.map(({ kind }) => kind)).toContain("checkpoint_failed"));
      isBroken = false;
      await spool.append(record(3));
      expect(await linksIn(spool)).toHaveLength(5);
      await spool.close();
    });
  });

  describe("segments", () => {
    it("begins a new file at the size limit, and removes each when its last record is acknowledged", async () => {
      const spool = open({ segmentBytes: 1000 });
      for (let n = 0; n < 30; n += 1) await spool.append(record(n));
      const files = segmentFiles();
      expect(files.length).toBeGreaterThan(2);
      await acknowledge(spool, 29);
      expect(segmentFiles()).toEqual(files.slice(-1));
      expect(await drain(spool)).toEqual([29]);
      expect(spool.bytes).toBe(segmentFiles().length === 0 ? 0 : statSync(join(directory, segmentFiles()[0]!)).size);
      await spool.close();
    });

    it("counts the bytes that are on disk", async () => {
      const spool = open({ segmentBytes: 1000 });
      await appendAll(spool, 0, 5);
      await appendAll(spool, 5, 10);
      const onDisk = segmentFiles().reduce((sum, name) => sum + statSync(join(directory, name)).size, 0);
      expect(spool.bytes).toBe(onDisk);
      await spool.close();
      expect(open({ segmentBytes: 1000 }).bytes).toBe(onDisk);
    });

    it("gives back more than it keeps in memory, in order", async () => {
      const spool = open();
      for (let n = 0; n < 20_000; n += 500) await appendAll(spool, n, n + 500);
      expect(spool.pending).toBe(20_000);
      expect(await drain(spool, 700)).toEqual(range(0, 20_000));
      await appendAll(spool, 0, 2);
      expect(await drain(spool)).toEqual([0, 1]);
      await spool.close();
    });

    it("takes records far larger than its buffers", async () => {
      const data = { text: "ü\u0000".repeat(400_000) };
      const spool = open();
      await Promise.all([spool.append(record(1, data)), spool.append(record(2))]);
      await spool.close();
      const again = open();
      expect(linesOf((await again.peek(1)).bytes)[0] === lineOf(record(1, data))).toBe(true);
      expect(await drain(again)).toEqual([1, 2]);
      await again.close();
    });

    it("passes by a line that rotted on disk, says so, and keeps the file", async () => {
      const first = open();
      await appendAll(first, 0, 5);
      await first.close();
      const path = join(directory, segmentFiles()[0]!);
      writeFileSync(path, readFileSync(path, "utf8").replace(idOf(2), `${idOf(2).slice(0, -1)}\u0001`));
      const second = open();
      expect(await drain(second)).toEqual([0, 1, 3, 4]);
      expect(second.pending).toBe(0);
      expect(problems.map(({ kind }) => kind)).toEqual(["damaged_record"]);
      await second.append(record(9));
      expect(await drain(second)).toEqual([9]);
      await second.close();
      expect(readdirSync(directory)).toContain("000000000001.ndjson.damaged");
    });

    it("passes by a line of its own that rotted, once it was given and not acknowledged", async () => {
      const spool = open();
      await appendAll(spool, 0, 5);
      const path = join(directory, segmentFiles()[0]!);
      writeFileSync(path, readFileSync(path, "utf8").replace(idOf(2), `${idOf(2).slice(0, -1)}\u0001`));
      expect((await spool.peek(10)).count).toBe(5);
      const again = await spool.peek(10);
      expect(numbersOf(again)).toEqual([0, 1, 3, 4]);
      await spool.acknowledge();
      expect(spool.pending).toBe(0);
      expect(problems.map(({ kind }) => kind)).toEqual(["damaged_record"]);
      await spool.close();
    });

    it.each(["null", "{}", '{"id":"00000002","time":null,"kind":"x"}'])(
      "passes by %s, which is JSON and no record",
      async (line) => {
        const first = open();
        await appendAll(first, 0, 5);
        await first.close();
        const path = join(directory, segmentFiles()[0]!);
        const third = linesOf(readFileSync(path, "utf8"))[2]!;
        writeFileSync(path, readFileSync(path, "utf8").replace(third, line.padEnd(third.length)));
        const second = open();
        expect(await drain(second)).toEqual([0, 1, 3, 4]);
        await second.close();
      },
    );

    it("gives all that can be read although rot added line ends, and never counts below what is left", async () => {
      const first = open();
      await appendAll(first, 0, 6);
      await first.close();
      const path = join(directory, segmentFiles()[0]!);
      const second = open();
      writeFileSync(path, readFileSync(path, "latin1").replace('"version":1,"kind"', '\nversion":1,\nkind"'), "latin1");
      const seen: number[] = [];
      for (let batch = await second.peek(2); batch.count > 0; batch = await second.peek(2)) {
        expect(second.pending).toBeGreaterThan(0);
        seen.push(...numbersOf(batch));
        await second.acknowledge();
      }
      expect(seen).toEqual([1, 2, 3, 4, 5]);
      expect(second.pending).toBe(0);
      await second.close();
    });

    it("gives nothing when nothing is asked for", async () => {
      const spool = open();
      await appendAll(spool, 0, 2);
      expect((await spool.peek(0)).count).toBe(0);
      await spool.acknowledge();
      expect(await drain(spool)).toEqual([0, 1]);
      await spool.close();
    });

    it("does not wait for ever for lines whose ends rotted away", async () => {
      const first = open();
      await appendAll(first, 0, 5);
      const spool = first;
      await spool.close();
      const path = join(directory, segmentFiles()[0]!);
      const second = open();
      writeFileSync(path, Buffer.alloc(statSync(path).size));
      await second.append(record(9));
      expect(await drain(second)).toEqual([9]);
      expect(second.pending).toBe(0);
      await second.close();
    });
  });

  it("equals a queue whatever is appended, acknowledged, refused and restarted (property)", async () => {
    const step = fc.oneof(
      fc.record({ append: fc.integer({ min: 1, max: 12 }) }),
      fc.record({ acknowledge: fc.integer({ min: 1, max: 20 }) }),
      fc.record({ failing: fc.integer({ min: 1, max: 5 }), room: fc.integer({ min: 0, max: 500 }), cut: fc.boolean() }),
      fc.constant({ restart: true as const }),
    );
    let run = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 40 }),
        fc.integer({ min: 200, max: 3000 }),
        async (steps, segmentBytes) => {
          run += 1;
          const folder = join(directory, String(run));
          let canCut = true;
          const disk = smallDisk(1e9, {
            ftruncateSync(fd, length) {
              if (!canCut) throw failure("EIO");
              nodeFs.ftruncateSync(fd, length);
            },
          });
          let spool = open({ directory: folder, segmentBytes, fs: disk });
          const model: number[] = [];
          let next = 0;
          let last = { seq: 0, hash: GENESIS };
          for (const each of steps) {
            if ("append" in each) {
              await appendAll(spool, next, next + each.append);
              model.push(...range(next, next + each.append));
              next += each.append;
            } else if ("failing" in each) {
              disk.room = each.room;
              canCut = each.cut;
              const appends = range(next, next + each.failing).map((n) => spool.append(record(n)));
              const wasTaken = (await Promise.allSettled(appends))[0]!.status === "fulfilled";
              if (wasTaken) model.push(...range(next, next + each.failing));
              next += each.failing;
              disk.room = 1e9;
              canCut = true;
            } else if ("acknowledge" in each) {
              const lines = await spool.peek(each.acknowledge);
              for (const { seq, prev_hash, hash } of linesOf(lines.bytes).map((line) => linkOf(line)!)) {
                expect({ seq, prev_hash }).toEqual({ seq: last.seq + 1, prev_hash: last.hash });
                last = { seq, hash };
              }
              const found = numbersOf(lines);
              expect(found.length > 0).toBe(model.length > 0);
              expect(found).toEqual(model.slice(0, Math.min(found.length, each.acknowledge)));
              await spool.acknowledge();
              model.splice(0, found.length);
            } else {
              await spool.close();
              spool = open({ directory: folder, segmentBytes, fs: disk });
            }
            expect(spool.pending).toBe(model.length);
          }
          expect(await drain(spool, 7)).toEqual(model);
          await spool.close();
        },
      ),
      { numRuns: 100 },
    );
  });
});
