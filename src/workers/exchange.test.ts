import { EventEmitter } from "node:events";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createWorkerExchange } from "./exchange.ts";
import { openWorkerLink, type WorkerLink } from "./link.ts";
import type { ToPrimary, ToWorker } from "./messages.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const exchange = () => createWorkerExchange(async () => "own");

/** Both ends of a worker's channel. */
function startWorker(number: number, to: ReturnType<typeof exchange>) {
  const [inside, outside] = [new EventEmitter(), new EventEmitter()];
  let isConnected = true;
  const channel = {
    send: (message: ToWorker) => inside.emit("message", message),
    on: (_: "message", listener: (message: ToPrimary) => void) => outside.on("message", listener),
    isConnected: () => isConnected,
  };
  to.add(channel);
  const process = {
    env: { _VERDICT_WORKER: String(number) },
    send: (message: ToPrimary) => outside.emit("message", message),
    on: inside.on.bind(inside),
  } as unknown as NodeJS.Process;
  const link = openWorkerLink(process)!;
  link.onQuestion("metrics", async () => `of ${number}`);
  return {
    link,
    die() {
      isConnected = false;
      to.remove(channel);
    },
  };
}

test("every worker answers whoever asks, and for metrics the primary does, too", async () => {
  const primary = exchange();
  const [one] = [startWorker(1, primary), startWorker(2, primary)];
  expect(await one.link.askAll("metrics")).toEqual({ texts: ["of 1", "of 2", "own"], isWhole: true });
});

test("who is silent is left out after a while, and the answers say that they are not whole", async () => {
  const primary = exchange();
  const [one, two] = [startWorker(1, primary), startWorker(2, primary)];
  const answered = async (link: WorkerLink) => {
    const asked = link.askAll("flush");
    await vi.advanceTimersByTimeAsync(2500);
    return asked;
  };
  one.link.onQuestion("flush", async () => "true");
  expect(await answered(one.link)).toEqual({ texts: ["true"], isWhole: false });
  two.link.onQuestion("flush", () => Promise.reject(new Error("down")));
  expect(await answered(one.link)).toEqual({ texts: ["true"], isWhole: false });
});

test("nobody waits for a worker that died meanwhile", async () => {
  const primary = exchange();
  const [one, two] = [startWorker(1, primary), startWorker(2, primary)];
  two.link.onQuestion("metrics", () => new Promise(() => {}));
  const asked = one.link.askAll("metrics");
  two.die();
  expect(await asked).toEqual({ texts: ["of 1", "own"], isWhole: false });
  expect(await one.link.askAll("metrics")).toEqual({ texts: ["of 1", "own"], isWhole: true });
});

test("a worker whose primary does not answer goes on without", async () => {
  const primary = exchange();
  const one = startWorker(1, primary);
  one.die();
  const asked = one.link.askAll("metrics");
  await vi.advanceTimersByTimeAsync(4000);
  expect((await asked).isWhole).toBe(false);
});

test("news of one worker reach the others and not itself, and those of the primary reach all", () => {
  const primary = exchange();
  const heard: string[] = [];
  const [one, two] = [startWorker(1, primary), startWorker(2, primary)];
  const stopHearing = one.link.onNews("keys", () => heard.push("1 keys"));
  two.link.onNews("keys", () => heard.push("2 keys"));
  two.link.onNews("rules", () => heard.push("2 rules"));
  one.link.tellOthers("keys");
  expect(heard).toEqual(["2 keys"]);
  primary.tell("keys");
  primary.tell("rules");
  expect(heard).toEqual(["2 keys", "1 keys", "2 keys", "2 rules"]);
  stopHearing();
  primary.tell("keys");
  expect(heard.slice(4)).toEqual(["2 keys"]);
});

test("all are told to stop", async () => {
  const primary = exchange();
  const workers = [startWorker(1, primary), startWorker(2, primary)];
  primary.stop();
  await Promise.all(workers.map(({ link }) => link.stopped));
});

test("a process that was not started as a worker is none", () => {
  expect(openWorkerLink({ env: {} } as NodeJS.Process)).toBeUndefined();
  expect(openWorkerLink({ env: { _VERDICT_WORKER: "1" } } as unknown as NodeJS.Process)).toBeUndefined();
});
