import * as nodeFs from "node:fs";
import { writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  acknowledge,
  appendAll,
  CURSOR_BYTES,
  directory,
  drain,
  drainReopened,
  failure,
  numbersOf,
  open,
  problems,
  range,
  record,
  segmentFiles,
  smallDisk,
  useDirectoryForEachTest,
} from "../../../test/spool-scene.ts";
import { realSpoolFs, type SpoolFs } from "./spool-fs.ts";

useDirectoryForEachTest();

describe("openFileSpool, when the disk fails", () => {
  it("goes on after short writes", async () => {
    const writeSync: SpoolFs["writeSync"] = (fd, buffer, offset, length, position) =>
      nodeFs.writeSync(fd, buffer, offset, Math.min(7, length), position);
    const spool = open({ fs: { ...realSpoolFs, writeSync } });
    await appendAll(spool, 0, 5);
    expect(await drainReopened(spool)).toEqual(range(0, 5));
  });

  it.each([
    ["the refused bytes are cut off", {}],
    [
      "they cannot be cut off",
      {
        ftruncateSync: () => {
          throw failure("EIO");
        },
      },
    ],
  ])("refuses with audit_unavailable, and what it refused never shows up: %s", async (_, overrides) => {
    const disk = smallDisk(1500, overrides);
    const spool = open({ fs: disk });
    await appendAll(spool, 0, 3);
    const refused = await Promise.allSettled(range(100, 110).map((n) => spool.append(record(n))));
    for (const result of refused) {
      expect(result).toMatchObject({ status: "rejected", reason: { code: "audit_unavailable" } });
    }
    await expect(spool.append(record(111))).rejects.toMatchObject({ code: "audit_unavailable" });
    expect(problems.map(({ kind }) => kind)).toEqual(["write_failed"]);
    expect(spool.pending).toBe(3);

    disk.room = 1e6;
    await appendAll(spool, 3, 5);
    expect(numbersOf(await spool.peek(1))).toEqual([0]);
    expect(await drainReopened(spool)).toEqual(range(0, 5));
  });

  it("never shows a batch that was written whole and then refused because it could not be synced", async () => {
    let isBroken = false;
    const breakable = () => {
      if (isBroken) throw failure("EIO");
    };
    const fs: SpoolFs = { ...realSpoolFs, fdatasyncSync: breakable, ftruncateSync: breakable };
    const spool = open({ fs, durability: "disk" });
    await appendAll(spool, 0, 2);
    isBroken = true;
    await expect(spool.append(record(100))).rejects.toMatchObject({ code: "audit_unavailable" });
    isBroken = false;
    await appendAll(spool, 2, 4);
    expect(numbersOf(await spool.peek(1))).toEqual([0]);
    expect(await drainReopened(spool)).toEqual(range(0, 4));
  });

  it("refuses, and takes records again later, when no new segment can be made", async () => {
    let isFull = true;
    const openSync: SpoolFs["openSync"] = (path, flags, mode) => {
      if (isFull && flags === "wx+") throw failure("ENOSPC");
      return nodeFs.openSync(path, flags, mode);
    };
    const spool = open({ fs: { ...realSpoolFs, openSync } });
    await expect(spool.append(record(100))).rejects.toMatchObject({ code: "audit_unavailable" });
    isFull = false;
    await spool.append(record(1));
    expect(await drain(spool)).toEqual([1]);
    await spool.close();
  });

  it("acknowledges on a disk that filled before it had acknowledged anything", async () => {
    let isFull = false;
    const writeSync: SpoolFs["writeSync"] = (fd, buffer, offset, length, position) => {
      if (isFull && position + length > nodeFs.fstatSync(fd).size) throw failure("ENOSPC");
      return nodeFs.writeSync(fd, buffer, offset, length, position);
    };
    const spool = open({ fs: { ...realSpoolFs, writeSync } });
    await appendAll(spool, 0, 4);
    isFull = true;
    await expect(spool.append(record(100))).rejects.toMatchObject({ code: "audit_unavailable" });
    expect(await drain(spool, 2)).toEqual(range(0, 4));
    expect(problems.map(({ kind }) => kind)).toEqual(["write_failed"]);
    await spool.close();
  });

  it("acknowledges although its progress cannot be saved, and says so", async () => {
    let isFull = false;
    const writeSync: SpoolFs["writeSync"] = (fd, buffer, offset, length, position) => {
      if (isFull) throw failure("ENOSPC");
      return nodeFs.writeSync(fd, buffer, offset, length, position);
    };
    const spool = open({ fs: { ...realSpoolFs, writeSync } });
    await appendAll(spool, 0, 4);
    isFull = true;
    expect(await drain(spool, 2)).toEqual(range(0, 4));
    expect(problems.map(({ kind }) => kind)).toEqual(["progress_not_saved", "progress_not_saved"]);
    await spool.close();
  });

  it("loses nothing when its progress was noted, and failed to be put on the disk", async () => {
    let isBroken = false;
    const fs: SpoolFs = {
      ...realSpoolFs,
      fdatasyncSync(fd) {
        // Of the note alone: what is recorded is written well.
        if (isBroken && nodeFs.fstatSync(fd).size <= 2 * CURSOR_BYTES) throw failure("EIO");
        nodeFs.fdatasyncSync(fd);
      },
    };
    const spool = open({ fs, durability: "disk", segmentBytes: 4000 });
    await appendAll(spool, 0, 4);
    isBroken = true;
    await acknowledge(spool, 4);
    await appendAll(spool, 4, 6);
    isBroken = false;
    expect(await drainReopened(spool, { segmentBytes: 4000 })).toEqual(expect.arrayContaining([4, 5]));
  });

  it("keeps what the store has taken until the store has put it on the disk", async () => {
    let isAway = true;
    const syncStore = async () => {
      if (isAway) throw failure("EIO");
    };
    const spool = open({ segmentBytes: 1000, syncStore });
    for (let n = 0; n < 6; n += 1) await spool.append(record(n));
    await acknowledge(spool, 6);
    expect(problems.map(({ kind }) => kind)).toContain("store_not_synced");
    await spool.close();
    isAway = false;
    const again = open({ segmentBytes: 1000, syncStore });
    expect(await drain(again)).toEqual(range(0, 6));
    expect(segmentFiles()).toEqual([]);
    await again.close();
  });

  it("answers audit_unavailable from peek when a segment cannot be read, and loses nothing", async () => {
    const first = open();
    await appendAll(first, 0, 2);
    await first.close();
    let isBroken = false;
    const readSync: SpoolFs["readSync"] = (fd, buffer, offset, length, position) => {
      if (isBroken) throw failure("EIO");
      return nodeFs.readSync(fd, buffer, offset, length, position);
    };
    const second = open({ fs: { ...realSpoolFs, readSync } });
    isBroken = true;
    await expect(second.peek(10)).rejects.toMatchObject({ code: "audit_unavailable" });
    isBroken = false;
    expect(await drain(second)).toEqual([0, 1]);
    await second.close();
  });

  it("says which directory cannot be used", () => {
    writeFileSync(directory, "a file");
    expect(() => open()).toThrow(directory);
  });
});
