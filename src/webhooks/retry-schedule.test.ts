import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ATTEMPTS_MAX, nextStep } from "./retry-schedule.ts";
import type { SendResult } from "./webhook-sender.ts";

const answered = (status: number, retryAfterMs?: number): SendResult =>
  retryAfterMs === undefined ? { kind: "answered", status } : { kind: "answered", status, retryAfterMs };

describe("an attempt", () => {
  test.each([200, 201, 202, 204, 299])("that is answered with %i has arrived", (status) => {
    expect(nextStep(1, answered(status), 0)).toEqual({ kind: "delivered", httpStatus: status });
  });

  test.each([100, 199, 300, 302, 304, 307, 308, 400, 401, 404, 409, 429, 500, 503])(
    "that is answered with %i is made again",
    (status) => {
      expect(nextStep(1, answered(status), 0)).toMatchObject({ kind: "retry", httpStatus: status, delayMs: 5000 });
    },
  );

  test("that is redirected says that redirects are not followed", () => {
    expect(nextStep(1, answered(307), 0)).toMatchObject({
      error: "the receiver answered 307; redirects are not followed",
    });
  });

  test("that is answered with 410 is the last one", () => {
    expect(nextStep(1, answered(410), 0)).toMatchObject({ kind: "dead", httpStatus: 410 });
  });

  test("that failed keeps why", () => {
    expect(nextStep(1, { kind: "failed", error: "ECONNREFUSED" }, 0)).toEqual({
      kind: "retry",
      error: "ECONNREFUSED",
      delayMs: 5000,
    });
  });
});

test("ten attempts are made over three days, then the delivery is dead", () => {
  const steps = Array.from({ length: 12 }, (_, n) => nextStep(n + 1, answered(500), 0));
  expect(steps.map(({ kind }) => kind)).toEqual([...Array(9).fill("retry"), "dead", "dead", "dead"]);
  const total = steps.reduce((sum, step) => sum + (step.kind === "retry" ? step.delayMs : 0), 0);
  expect(total).toBe(((75 * 60 + 35) * 60 + 5) * 1000);
  expect(ATTEMPTS_MAX).toBe(10);
});

test("a pause is never shorter than the schedule or what the receiver wishes, and never longer than a day and its jitter", () => {
  const attempt = fc.integer({ min: 1, max: 9 });
  fc.assert(
    fc.property(attempt, fc.nat(10 ** 9), fc.double({ min: 0, max: 1, noNaN: true }), (n, wishMs, random) => {
      const step = nextStep(n, answered(503, wishMs), random);
      const plain = nextStep(n, answered(503), 0);
      if (step.kind !== "retry" || plain.kind !== "retry") throw new Error("not a retry");
      const day = 24 * 3_600_000;
      expect(step.delayMs).toBeGreaterThanOrEqual(Math.max(plain.delayMs, Math.min(wishMs, day)));
      expect(step.delayMs).toBeLessThanOrEqual(day * 1.2);
    }),
  );
});
