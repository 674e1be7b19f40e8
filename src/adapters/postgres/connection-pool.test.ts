import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createConnectionPool, type Lend } from "./connection-pool.ts";

const UNAVAILABLE = { code: "storage_unavailable" };
const WAIT_MS = 1000;
const WORK_MS = 5000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

interface Job {
  readonly result: Promise<void>;
  /** Undefined until it has one. */
  readonly connection: number | undefined;
  /** Resolves when whoever comes next has begun. */
  end(): Promise<void>;
}

/** Connections are numbered in the order in which they were made. */
function setUp(connectionsMax = 2, waitersMax = 10) {
  const made: number[] = [];
  const gone: number[] = [];
  const broken = new Set<number>();
  const pool = createConnectionPool<number>({
    connect: () => made.push(made.length + 1),
    isSpent: (connection) => broken.has(connection),
    disconnect: async (connection) => void gone.push(connection),
    ...{ connectionsMax, waitersMax, waitMs: WAIT_MS, workMs: WORK_MS },
  });
  return { pool, made, gone, broken };
}

/** Work that goes on until it is ended. */
function start(lend: Lend<number>): Job {
  let finish = () => {};
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const has: { connection?: number } = {};
  const result = lend((connection) => {
    has.connection = connection;
    return finished;
  });
  result.catch(() => {});
  return {
    result,
    get connection() {
      return has.connection;
    },
    async end() {
      finish();
      await result;
      await begun();
    },
  };
}

const times = (count: number, lend: Lend<number>) => Array.from({ length: count }, () => start(lend));
const begun = () => vi.advanceTimersByTimeAsync(0);
const connectionsOf = (jobs: readonly Job[]) => jobs.map(({ connection }) => connection);

describe("a connection pool", () => {
  it("lends a connection to one at a time, makes no more than it may, and uses them again", async () => {
    const { pool, made } = setUp(2);
    const jobs = times(3, pool.share(2));
    await begun();
    expect(connectionsOf(jobs)).toEqual([1, 2, undefined]);
    await jobs[1]!.end();
    expect(connectionsOf(jobs)).toEqual([1, 2, 2]);
    expect(made).toEqual([1, 2]);
  });

  it("ends those that are spent when any is given back", async () => {
    const { pool, made, gone, broken } = setUp(3);
    const lend = pool.share(3);
    const jobs = times(3, lend);
    await begun();
    for (const job of jobs) await job.end();
    broken.add(1).add(2);
    const next = start(lend);
    await begun();
    expect([next.connection, gone]).toEqual([3, []]);
    await next.end();
    expect([gone, made]).toEqual([
      [1, 2],
      [1, 2, 3],
    ]);
  });

  it("has connections for others while one share holds all that it may and more wait for it", async () => {
    const { pool } = setUp(3);
    const [crowded, other] = [pool.share(2), pool.share(3)];
    const crowd = times(8, crowded);
    const job = start(other);
    await begun();
    expect(connectionsOf(crowd).filter((connection) => connection !== undefined)).toHaveLength(2);
    expect(job.connection).toBeDefined();
  });

  it("serves shares in turn, so that a long line of one holds up no other", async () => {
    const { pool } = setUp(1);
    const [crowded, other] = [pool.share(1), pool.share(1)];
    const crowd = times(5, crowded);
    const job = start(other);
    await begun();
    await crowd[0]!.end();
    await crowd[1]!.end();
    expect(job.connection).toBeDefined();
    await job.end();
    expect(connectionsOf(crowd)).toEqual([1, 1, 1, undefined, undefined]);
  });

  it("refuses who waits for too long or finds the line full, and disturbs nobody who has a connection", async () => {
    const { pool, made, gone } = setUp(1, 2);
    const lend = pool.share(1);
    const [holder, ...waiting] = times(3, lend);
    await expect(start(lend).result).rejects.toMatchObject(UNAVAILABLE);
    const refused = waiting.map(({ result }) => expect(result).rejects.toMatchObject(UNAVAILABLE));
    await vi.advanceTimersByTimeAsync(WAIT_MS);
    await Promise.all(refused);
    await holder!.end();
    expect(await lend(async (connection) => connection)).toBe(1);
    expect([made, gone]).toEqual([[1], []]);
    expect(connectionsOf(waiting)).toEqual([undefined, undefined]);
  });

  it("counts the wait for a connection not as work", async () => {
    const { pool, gone } = setUp(1);
    const lend = pool.share(1);
    const [first, second] = times(2, lend);
    await vi.advanceTimersByTimeAsync(WAIT_MS - 1);
    await first!.end();
    await vi.advanceTimersByTimeAsync(WORK_MS - 1);
    await second!.end();
    expect(gone).toEqual([]);
  });

  it("gets rid of a connection that does not answer and of idle ones, and of no other that works", async () => {
    const { pool, gone } = setUp(3);
    const lend = pool.share(3);
    const [hanging, idle, working] = times(3, lend);
    await vi.advanceTimersByTimeAsync(WORK_MS - 1);
    await idle!.end();
    await working!.end();
    const again = start(lend);
    const failed = expect(hanging!.result).rejects.toThrow(`no answer within ${WORK_MS} ms`);
    await vi.advanceTimersByTimeAsync(1);
    await failed;
    expect(gone).toEqual([hanging!.connection, idle!.connection]);
    await again.end();
    expect(connectionsOf([start(lend), start(lend)])).toEqual([working!.connection, 4]);
  });

  it("gives a connection back when work fails", async () => {
    const { pool, made, gone } = setUp(1);
    const lend = pool.share(1);
    await expect(lend(async () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(await lend(async (connection) => connection)).toBe(1);
    expect([made, gone]).toEqual([[1], []]);
  });

  it("lends no broken connection again, whether it broke in use or idle", async () => {
    const { pool, gone, broken } = setUp(2);
    const lend = pool.share(2);
    const [first, second] = times(2, lend);
    broken.add(1);
    await first!.end();
    await second!.end();
    broken.add(2);
    expect(await lend(async (connection) => connection)).toBe(3);
    expect(gone).toEqual([1, 2]);
  });

  it("lets nobody wait or begin once it is closed, and frees every connection once", async () => {
    const { pool, made, gone } = setUp(2);
    const lend = pool.share(2);
    const [first, second, waiting] = times(3, lend);
    const refused = expect(waiting!.result).rejects.toMatchObject(UNAVAILABLE);
    await pool.close();
    await pool.close();
    await refused;
    await Promise.all([first!.end(), second!.end()]);
    await expect(lend(async () => {})).rejects.toMatchObject(UNAVAILABLE);
    expect(gone.toSorted()).toEqual(made);
  });
});
