import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { createTurns } from "./turns.ts";

const UNAVAILABLE = { code: "storage_unavailable" };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Work that goes on when it is told to, and what has begun so far. */
function setUp(options = { waitersMax: 10, waitMs: 1000 }) {
  const inTurn = createTurns(options);
  const begun: string[] = [];
  const ends = new Map<string, { resolve: () => void; reject: (error: Error) => void }>();
  const run = (key: string, name: string) =>
    inTurn(key, () => {
      begun.push(name);
      return new Promise<void>((resolve, reject) => void ends.set(name, { resolve, reject }));
    });
  return {
    run,
    begun,
    end: (name: string) => ends.get(name)!.resolve(),
    fail: (name: string) => ends.get(name)!.reject(new Error(name)),
  };
}

it("runs work of one key one at a time, in the order in which it came, and that of others beside it", async () => {
  const { run, begun, end } = setUp();
  const all = [run("a", "a1"), run("a", "a2"), run("a", "a3"), run("b", "b1")];
  await vi.advanceTimersByTimeAsync(0);
  expect(begun).toEqual(["a1", "b1"]);
  end("a1");
  await all[0];
  expect(begun).toEqual(["a1", "b1", "a2"]);
  end("a2");
  await all[1];
  end("a3");
  await all[2];
  expect(begun).toEqual(["a1", "b1", "a2", "a3"]);
});

it("goes on with the next when work failed, and begins again when nobody is left", async () => {
  const { run, begun, fail } = setUp();
  for (const round of ["1", "2"]) {
    const [first, second] = [run("a", `first ${round}`), run("a", `second ${round}`)];
    fail(`first ${round}`);
    await expect(first).rejects.toThrow(`first ${round}`);
    fail(`second ${round}`);
    await expect(second).rejects.toThrow(`second ${round}`);
  }
  expect(begun).toEqual(["first 1", "second 1", "first 2", "second 2"]);
});

it("refuses at once who finds the line full, and after a while who still waits; neither runs later", async () => {
  const { run, begun, end } = setUp({ waitersMax: 2, waitMs: 1000 });
  const holder = run("a", "holder");
  const waiting = [run("a", "w1"), run("a", "w2")].map((each) => expect(each).rejects.toMatchObject(UNAVAILABLE));
  await expect(run("a", "w3")).rejects.toMatchObject(UNAVAILABLE);
  void run("b", "b1");
  await vi.advanceTimersByTimeAsync(1000);
  await Promise.all(waiting);
  end("holder");
  await holder;
  void run("a", "later");
  expect(begun).toEqual(["holder", "b1", "later"]);
});
