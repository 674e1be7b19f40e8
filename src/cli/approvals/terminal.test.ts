import { EventEmitter } from "node:events";
import { expect, test } from "vitest";
import { createLiveTerminal } from "./terminal.ts";

function fakeProcess(rows?: number) {
  return Object.assign(new EventEmitter(), {
    stdout: Object.assign(new EventEmitter(), rows === undefined ? {} : { rows }),
  });
}

test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
  "%s ends once, and ends the process when it comes again",
  (signal) => {
    const events = fakeProcess();
    let ends = 0;
    createLiveTerminal(events).onEnd(() => ends++);
    events.emit(signal);
    // Without a listener a signal does what it does by default.
    expect([ends, events.emit(signal)]).toEqual([1, false]);
  },
);

test("a reader that went away ends it, and what is still written then fails without a crash", () => {
  const events = fakeProcess();
  let ends = 0;
  createLiveTerminal(events).onEnd(() => ends++);
  events.stdout.emit("error", new Error("EPIPE"));
  events.stdout.emit("error", new Error("EPIPE"));
  expect([ends, events.listenerCount("SIGINT")]).toEqual([1, 0]);
});

test("what stopped listening hears nothing", () => {
  const events = fakeProcess();
  let ends = 0;
  createLiveTerminal(events).onEnd(() => ends++)();
  events.stdout.emit("error", new Error("EPIPE"));
  expect([ends, events.emit("SIGINT")]).toEqual([0, false]);
});

test("knows its rows, and those that terminals have", () => {
  expect(createLiveTerminal(fakeProcess(50)).rows()).toBe(50);
  expect(createLiveTerminal(fakeProcess()).rows()).toBe(24);
});

test("waits until it is told not to", async () => {
  const ending = new AbortController();
  const waiting = createLiveTerminal(fakeProcess()).wait(3_600_000, ending.signal);
  ending.abort();
  await waiting;
  await createLiveTerminal(fakeProcess()).wait(3_600_000, ending.signal);
});
