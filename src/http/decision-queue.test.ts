import { expect, test } from "vitest";
import { createDecisionQueue } from "./decision-queue.ts";

const COST_MS = 2;

/** A queue whose clock and turns are in the test's hands; a decision takes `COST_MS`, a refusal nothing. */
function scene(waitMsMax = 20, sliceMs = { min: 4, max: 10 }) {
  let now = 0;
  let due: (() => void)[] = [];
  const queue = createDecisionQueue({
    waitMsMax,
    sliceMs,
    microseconds: () => now * 1000,
    afterTurn: (run) => void due.push(run),
  });
  const log: string[] = [];
  const run = (name: string) => {
    log.push(name);
    now += COST_MS;
  };
  function endTurn(): void {
    const runs = due;
    due = [];
    for (const each of runs) each();
  }
  return {
    queue,
    log,
    pass: (ms: number) => {
      now += ms;
    },
    /** One request, as the server handles it. */
    arrive(name: string) {
      if (queue.isOverloaded()) log.push(`${name} turned away`);
      else if (queue.hasRoom()) run(name);
      else queue.add({ run: () => run(name), refuse: () => log.push(`${name} refused`) });
    },
    endTurn,
    now: () => now,
    /** Turns until that time. */
    settle(time: number) {
      while (now < time) {
        if (due.length === 0) now = time;
        else endTurn();
      }
    },
    get hasTurns() {
      return due.length > 0;
    },
  };
}

const names = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => `${from + n}`);

test("who comes alone does not wait", () => {
  const { arrive, endTurn, log, queue } = scene();
  for (const name of names(0, 5)) {
    arrive(name);
    endTurn();
  }
  expect(log).toEqual(names(0, 5));
  expect(queue.length).toBe(0);
});

test("a crowd is decided in the order of its arrival, in slices, with a turn for everything else between them", () => {
  const { arrive, endTurn, log } = scene();
  for (const name of names(0, 6)) arrive(name);
  expect(log).toEqual(["0", "1"]);
  endTurn();
  expect(log).toEqual(["0", "1", "2", "3"]);
  arrive("6");
  endTurn();
  endTurn();
  expect(log).toEqual(names(0, 7));
});

test("nothing is begun that has waited for too long, whatever decisions cost", () => {
  const { arrive, endTurn, log, queue } = scene();
  for (const name of names(0, 40)) arrive(name);
  while (queue.length > 0) endTurn();
  // 2 ms each and 20 ms at most: those that came in at 4 ms begin until 24 ms.
  expect(log.filter((line) => !line.includes("refused"))).toEqual(names(0, 13));
  expect(log).toHaveLength(40);
});

test.each([
  [2, 0.02],
  [4, 0.5],
])(
  "of %d times as many as can be decided, most others are turned away on arrival, and few wait in vain",
  (factor, part) => {
    const { arrive, log, now, settle } = scene(100, { min: 4, max: 4 });
    for (let nth = 0; nth < 2000; nth++) {
      settle((nth * COST_MS) / factor);
      arrive(`${nth}`);
    }
    const decided = log.filter((line) => /^\d+$/.test(line)).length;
    const inVain = log.filter((line) => line.includes("refused")).length;
    const turnedAway = log.filter((line) => line.includes("turned away")).length;
    expect(decided).toBeGreaterThan((now() / COST_MS) * 0.9);
    expect(inVain).toBeLessThan(turnedAway * part);
  },
);

test("a pause of everything is no crowd: who waited too long is refused, and nobody who comes behind it", () => {
  const { arrive, endTurn, log, pass } = scene();
  for (const name of names(0, 4)) arrive(name);
  pass(1000);
  arrive("4");
  endTurn();
  arrive("5");
  endTurn();
  expect(log.slice(2)).toEqual(["2 refused", "3 refused", "4", "5"]);
});

test("decisions have as much time as everything else, within bounds", () => {
  const { arrive, endTurn, log, pass } = scene(1000);
  for (const name of names(0, 40)) arrive(name);
  const sliceAfter = (ms: number) => {
    const before = log.length;
    pass(ms);
    endTurn();
    return (log.length - before) * COST_MS;
  };
  endTurn();
  expect([0, 8, 1, 100].map(sliceAfter)).toEqual([4, 8, 4, 10]);
});

test("between two slices new connections are taken, as long as each turn brings one, but not for ever", () => {
  const { arrive, endTurn, log, queue } = scene();
  for (const name of names(0, 6)) arrive(name);
  for (let turn = 0; turn < 3; turn++) {
    queue.connected();
    endTurn();
  }
  expect(log).toEqual(["0", "1"]);
  endTurn();
  expect(log).toEqual(["0", "1", "2", "3"]);
  for (let turn = 0; turn < 20; turn++) {
    queue.connected();
    endTurn();
  }
  expect(log).toEqual(names(0, 6));
});

test("an idle queue leaves nothing to be run", () => {
  const it = scene();
  it.arrive("0");
  it.endTurn();
  expect(it.hasTurns).toBe(false);
});
