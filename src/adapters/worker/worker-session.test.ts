import { describe, expect, test } from "vitest";
import { AppError } from "../../model/errors.ts";
import { openWorkerSession, type WorkerOptions } from "./worker-session.ts";

/** A worker that answers the call `name` with the value of a piece of JavaScript. */
function workerOf(code: string): URL {
  const source = `
    import { parentPort } from "node:worker_threads";
    parentPort.on("message", ({ name, argument }) => parentPort.postMessage((() => { ${code} })()));`;
  return new URL(`data:text/javascript,${encodeURIComponent(source)}`);
}

const open = (code: string, rest: Partial<WorkerOptions> = {}) =>
  openWorkerSession({
    ...{ entry: workerOf(code), what: "the work", hint: "Send less.", timeoutMs: 60_000, heapMegabytesMax: 64 },
    ...{ signal: new AbortController().signal },
    ...rest,
  });

const failureOf = (work: Promise<unknown>) =>
  work.then(
    () => "none",
    (error: unknown) => error,
  );

describe("a worker", () => {
  test("answers its calls, one after the other, and is gone when it is closed", async () => {
    const session = open("return { value: [name, argument] };");
    expect(await session.call("first", 1)).toEqual(["first", 1]);
    expect(await session.call("second")).toEqual(["second", undefined]);
    await session.close();
    await session.close();
    await session.closed;
    expect(await failureOf(session.call("third"))).toMatchObject({ message: "the worker of the work has ended" });
  });

  test("may be called again before it has answered: each call gets its own answer, and all the reason of its end", async () => {
    const session = open("if (name === 'end') process.exit(0); return { value: [name, argument] };");
    const answers = ["first", "second", "third"].map((name, at) => session.call(name, at));
    expect(await Promise.all(answers)).toEqual([
      ["first", 0],
      ["second", 1],
      ["third", 2],
    ]);
    const unanswered = ["end", "after"].map((name) => failureOf(session.call(name)));
    const ended = expect.objectContaining({ message: "the worker of the work has ended" });
    expect(await Promise.all(unanswered)).toEqual([ended, ended]);
  });

  test("is given bytes rather than a copy of them", async () => {
    const session = open("return { value: argument.length };");
    const bytes = new Uint8Array([1, 2, 3]);
    expect(await session.call("length", bytes, [bytes.buffer])).toBe(3);
    expect(bytes.length).toBe(0);
    await session.close();
  });

  test("hands on problems as they are, and bugs as what they are", async () => {
    const problem = { code: "rules_invalid", detail: "No.", faults: [{ pointer: "/a", detail: "b" }], extensions: {} };
    const session = open(`return name === "bug" ? { bug: "at line 1" } : { problem: ${JSON.stringify(problem)} };`);
    const thrown = await failureOf(session.call("problem"));
    expect(thrown).toBeInstanceOf(AppError);
    expect(thrown).toMatchObject(problem);
    const bug = await failureOf(session.call("bug"));
    expect(bug).not.toBeInstanceOf(AppError);
    expect(bug).toMatchObject({ message: "a worker failed: at line 1" });
    await session.close();
  });

  test("that never ends is ended when its time is up, and says so", async () => {
    const session = open("for (;;);", { timeoutMs: 300 });
    expect(await failureOf(session.call("spin"))).toMatchObject({
      code: "limit_exceeded",
      detail: "The work was stopped after 0.3 s, which is as long as it may take. Send less.",
    });
    await session.closed;
  });

  test("is ended when its time is up although nobody calls it, and the next call hears why", async () => {
    const session = open("return {};", { timeoutMs: 300 });
    await session.closed;
    expect(await failureOf(session.call("late"))).toMatchObject({ code: "limit_exceeded" });
  });

  test("that takes more memory than it may is ended, and the process goes on", async () => {
    const session = open("const all = []; for (;;) all.push(new Array(1e4).fill(0.5));", { heapMegabytesMax: 32 });
    expect(await failureOf(session.call("grow"))).toMatchObject({
      code: "limit_exceeded",
      detail: "The work took more than 32 MB of memory. Send less.",
    });
    await session.closed;
  });

  test("ends when it is called off, whatever it is at", async () => {
    const calledOff = new AbortController();
    const session = open("for (;;);", { signal: calledOff.signal });
    const work = failureOf(session.call("spin"));
    calledOff.abort(new AppError("not_ready", "The service is stopping."));
    expect(await work).toMatchObject({ code: "not_ready" });
    await session.closed;
    expect(await failureOf(open("", { signal: calledOff.signal }).call("late"))).toMatchObject({ code: "not_ready" });
  });

  test("that breaks or cannot be loaded is an error and no silence", async () => {
    expect(await failureOf(open("throw new Error('broken');").call("x"))).toMatchObject({ message: "broken" });
    expect(await failureOf(open("process.exit(3);").call("x"))).toMatchObject({
      message: "the worker of the work has ended",
    });
    const entry = new URL("file:///nowhere/worker.js");
    expect(await failureOf(open("", { entry }).call("x"))).toMatchObject({
      code: expect.stringContaining("MODULE_NOT_FOUND"),
    });
  });

  test("sees nothing of the environment", async () => {
    process.env.VERDICT_TEST_SECRET = "s3cret";
    const session = open("return { value: { ...process.env } };");
    expect(await session.call("env")).toEqual({});
    delete process.env.VERDICT_TEST_SECRET;
    await session.close();
  });
});
