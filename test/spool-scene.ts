import * as nodeFs from "node:fs";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect } from "vitest";
import { type FileSpool, type FileSpoolOptions, openFileSpool } from "../src/adapters/fs/spool.ts";
import { realSpoolFs, type SpoolFs } from "../src/adapters/fs/spool-fs.ts";
import type { SpoolProblem } from "../src/adapters/fs/spool-problems.ts";
import { GENESIS } from "../src/audit/chain.ts";
import { isIntact, linkRecord } from "../src/audit/line-hash.ts";
import { linesOf, serializeRecord } from "../src/audit/serialize-record.ts";
import type { EventRecord, Lines, Spool } from "../src/audit/types.ts";

/** What tests of the spool on disk share: the directory of the test that runs, and what its spool reported. */
export let directory: string;
export let problems: SpoolProblem[];

/** To be called by each file: modules are loaded once for many files, so that a hook made here would be of the first alone. */
export function useDirectoryForEachTest(): void {
  const root = mkdtempSync(join(tmpdir(), "verdict-spool-"));
  let count = 0;
  beforeEach(() => {
    count += 1;
    directory = join(root, String(count));
    problems = [];
  });
  afterAll(() => rmSync(root, { recursive: true }));
}

export const WRITER = "01930000-0000-7000-8000-00000000000a";

export function open(overrides: Partial<FileSpoolOptions> = {}): FileSpool {
  return openFileSpool({
    directory,
    bytesMax: 1024 ** 3,
    newWriter: () => WRITER,
    boot: "1",
    createCheckpoint: ({ seq }) => record(seq, { is_checkpoint: true }, "checkpoint"),
    checkpointRecords: Number.POSITIVE_INFINITY,
    onProblem: (problem) => problems.push(problem),
    ...overrides,
  });
}

export function record(
  n: number,
  data: Record<string, unknown> = {},
  kind: EventRecord["kind"] = "service.started",
): string {
  const time = "2026-01-31T00:00:00.000Z";
  return serializeRecord({ version: 1, kind, id: idOf(n), time, actor: "system", data });
}

export const idOf = (n: number) => `01930000-0000-7000-8000-0000${String(n).padStart(8, "0")}`;

export async function appendAll(spool: Spool, from: number, to: number): Promise<void> {
  await Promise.all(Array.from({ length: to - from }, (_, n) => spool.append(record(from + n))));
}

/** The first line of a chain. */
export const lineOf = (text: string) => linkRecord(text, { writer: WRITER, seq: 0, hash: GENESIS }).line;

/** Of the records that are not checkpoints; they have to be what was written. */
export function numbersOf({ bytes }: Lines): number[] {
  const lines = linesOf(bytes);
  expect(lines.filter((line) => !isIntact(line))).toEqual([]);
  const records = lines.map((line) => JSON.parse(line) as EventRecord).filter(({ kind }) => kind !== "checkpoint");
  return records.map(({ id }) => Number(id.slice(-8)));
}

/** Numbers of all pending records; acknowledges them. */
export async function drain(spool: Spool, max = 1000): Promise<number[]> {
  const seen: number[] = [];
  for (let batch = await spool.peek(max); batch.count > 0; batch = await spool.peek(max)) {
    seen.push(...numbersOf(batch));
    await spool.acknowledge();
  }
  return seen;
}

/** Numbers of all that a spool gives once it was closed and opened again; acknowledges them. */
export async function drainReopened(spool: Spool, overrides?: Partial<FileSpoolOptions>): Promise<number[]> {
  await spool.close();
  const again = open(overrides);
  const seen = await drain(again);
  await again.close();
  return seen;
}

export async function acknowledge(spool: Spool, count: number): Promise<void> {
  for (let left = count; left > 0; ) {
    left -= (await spool.peek(left)).count;
    await spool.acknowledge();
  }
}

export function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, n) => from + n);
}

export function segmentFiles(): string[] {
  return readdirSync(directory)
    .filter((name) => name.endsWith(".ndjson"))
    .sort();
}

export function failure(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: made to fail`), { code });
}

export const CURSOR_BYTES = 320;

/** A file system whose disk has `room` more bytes for segments: a write that does not fit is short, the next fails. */
export function smallDisk(room: number, overrides: Partial<SpoolFs> = {}): SpoolFs & { room: number } {
  const disk = {
    ...realSpoolFs,
    room,
    writeSync(fd: number, buffer: Uint8Array, offset: number, length: number, position: number): number {
      if (length <= CURSOR_BYTES) return nodeFs.writeSync(fd, buffer, offset, length, position);
      if (disk.room === 0) throw failure("ENOSPC");
      const written = nodeFs.writeSync(fd, buffer, offset, Math.min(length, disk.room), position);
      disk.room -= written;
      return written;
    },
    ...overrides,
  };
  return disk;
}
