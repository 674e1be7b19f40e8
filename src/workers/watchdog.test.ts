import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createWatchdog } from "./watchdog.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const newWorker = () => ({ ping: vi.fn(), end: vi.fn() });

test("a worker that answers no ping is ended once", () => {
  const [watchdog, worker] = [createWatchdog(), newWorker()];
  watchdog.add(worker);
  vi.advanceTimersByTime(20_000);
  expect(worker.ping).toHaveBeenCalledTimes(4);
  expect(worker.end).not.toHaveBeenCalled();
  vi.advanceTimersByTime(60_000);
  expect(worker.end).toHaveBeenCalledOnce();
});

test("one that answers, however late, goes on", () => {
  const [watchdog, worker] = [createWatchdog(), newWorker()];
  watchdog.add(worker);
  for (let times = 0; times < 5; times += 1) {
    vi.advanceTimersByTime(20_000);
    watchdog.hear(worker);
  }
  expect(worker.end).not.toHaveBeenCalled();
});

test("one that ended is not looked at, and an answer that comes behind its end changes nothing", () => {
  const [watchdog, worker] = [createWatchdog(), newWorker()];
  watchdog.add(worker);
  watchdog.remove(worker);
  watchdog.hear(worker);
  vi.advanceTimersByTime(60_000);
  expect(worker.ping).not.toHaveBeenCalled();
  expect(worker.end).not.toHaveBeenCalled();
});

test("a pause of everything is one ping that was missed", () => {
  const [watchdog, worker] = [createWatchdog(), newWorker()];
  watchdog.add(worker);
  vi.setSystemTime(Date.now() + 3_600_000);
  vi.advanceTimersByTime(5000);
  expect(worker.end).not.toHaveBeenCalled();
});

test("nobody is told of after the stop", () => {
  const [watchdog, worker] = [createWatchdog(), newWorker()];
  watchdog.add(worker);
  watchdog.stop();
  vi.advanceTimersByTime(60_000);
  expect(worker.end).not.toHaveBeenCalled();
});
