import { expect, test } from "vitest";
import { runInSlices } from "./run-in-slices.ts";

/** Each step takes half a millisecond. */
function createTurns() {
  const log: string[] = [];
  let now = 0;
  return {
    log,
    *work(steps: number) {
      for (let n = 0; n < steps; n++) {
        now += 500;
        log.push("step");
        yield;
      }
      return "done";
    },
    turns: {
      clock: { microseconds: () => now },
      nextTurn: async () => {
        now += 50_000;
        log.push("turn");
      },
    },
  };
}

test("requests wait for a few steps, never for all of them", async () => {
  const { log, work, turns } = createTurns();
  expect(await runInSlices(work(9), turns)).toBe("done");
  expect(log.join(" ")).toBe("step step step step turn step step step step turn step");
});

test("what takes no time waits for nobody", async () => {
  const { log, work, turns } = createTurns();
  expect(await runInSlices(work(3), turns)).toBe("done");
  expect(log).not.toContain("turn");
});

test("what a step throws ends the work", async () => {
  const { turns } = createTurns();
  const failing = (function* () {
    yield;
    throw new RangeError("no");
  })();
  await expect(runInSlices(failing, turns)).rejects.toThrow("no");
});
