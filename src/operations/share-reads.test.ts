import { describe, expect, test } from "vitest";
import { shareReads } from "./share-reads.ts";

/** A store whose reads end when the test says so. */
function createSlowStore() {
  let value = 0;
  const ends: (() => void)[] = [];
  let reads = 0;
  const read = async () => {
    reads += 1;
    const found = value;
    await new Promise<void>((resolve) => ends.push(resolve));
    if (found < 0) throw new Error("down");
    return found;
  };
  const set = (next: number) => {
    value = next;
  };
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  return { read, set, turn, reads: () => reads, end: async () => [await turn(), ends.shift()!(), await turn()] };
}

describe("shared reads", () => {
  test("of one moment are one", async () => {
    const store = createSlowStore();
    const look = shareReads(store.read);
    const all = Promise.all([look(), look(), look()]);
    await store.end();
    expect([await all, store.reads()]).toEqual([[0, 0, 0], 1]);
  });

  test("never give what was read before they were asked for", async () => {
    const store = createSlowStore();
    const look = shareReads(store.read);
    const early = look();
    await store.turn();
    store.set(1);
    const late = [look(), look()];
    await store.end();
    await store.end();
    expect([await early, await Promise.all(late), store.reads()]).toEqual([0, [1, 1], 2]);
  });

  test("fail for those who shared one, and not for those after", async () => {
    const store = createSlowStore();
    const look = shareReads(store.read);
    store.set(-1);
    const failed = Promise.allSettled([look(), look()]);
    await store.turn();
    store.set(2);
    const fine = look();
    await store.end();
    await store.end();
    expect((await failed).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(await fine).toBe(2);
  });
});
