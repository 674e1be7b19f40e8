import { Worker } from "node:worker_threads";
import { AppError } from "../../model/errors.ts";
import type { Reply } from "./serve-calls.ts";

export interface WorkerOptions {
  /** A module that calls `serveCalls`. */
  readonly entry: URL;
  /** What goes on in it, for messages: `the dry run`. */
  readonly what: string;
  /** A sentence that says what to do when it takes too much. */
  readonly hint: string;
  /** How long it may live. */
  readonly timeoutMs: number;
  readonly heapMegabytesMax: number;
  /** Ends it; the reason is what calls reject with. */
  readonly signal: AbortSignal;
}

/** A thread of its own that answers calls, one after the other; the next may be made before the last is answered. */
export interface WorkerSession {
  /**
   * @param transfer given away with the argument rather than copied
   * @throws AppError that the handler threw; `limit_exceeded` when the worker took too much time or memory
   * @throws the signal's reason
   */
  call(name: string, argument?: unknown, transfer?: readonly ArrayBuffer[]): Promise<unknown>;
  /** Ends it, whatever it is at. Resolves when it is gone; may be called twice. */
  close(): Promise<void>;
  /** Resolves when it is gone, however it came to that. */
  readonly closed: Promise<void>;
}

interface Call {
  resolve(value: unknown): void;
  reject(reason: unknown): void;
}

/** Starts a worker. What it may take is bounded, so nothing that runs in it goes on for ever. */
export function openWorkerSession(options: WorkerOptions): WorkerSession {
  const { entry, what, hint, timeoutMs, heapMegabytesMax, signal } = options;
  const resourceLimits = { maxOldGenerationSizeMb: heapMegabytesMax };
  // SECURITY: nothing in it needs the environment, which has connection strings.
  const worker = new Worker(entry, { name: what, env: {}, resourceLimits });
  /** INVARIANT: in the order in which they were made, which is that of the answers. */
  const pending: Call[] = [];
  let end: { readonly reason: unknown } | undefined;

  /** The first reason is the one that counts. */
  function stop(reason: unknown): void {
    end ??= { reason };
    for (const call of pending.splice(0)) call.reject(end.reason);
    void worker.terminate();
  }

  const tooLong = `${sentence(what)} was stopped after ${timeoutMs / 1000} s, which is as long as it may take. ${hint}`;
  const timer = setTimeout(() => stop(new AppError("limit_exceeded", tooLong)), timeoutMs).unref();
  const onAbort = () => stop(signal.reason);
  signal.addEventListener("abort", onAbort);

  worker.on("message", (reply: Reply) => {
    const call = pending.shift();
    if ("value" in reply) call?.resolve(reply.value);
    else call?.reject(errorOf(reply));
  });
  worker.on("error", (error: NodeJS.ErrnoException) => {
    const tooMuch = `${sentence(what)} took more than ${heapMegabytesMax} MB of memory. ${hint}`;
    stop(error.code === "ERR_WORKER_OUT_OF_MEMORY" ? new AppError("limit_exceeded", tooMuch) : error);
  });
  const closed = new Promise<void>((resolve) => {
    worker.once("exit", () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      stop(new Error(`the worker of ${what} has ended`));
      resolve();
    });
  });
  if (signal.aborted) onAbort();

  return {
    closed,
    call(name, argument, transfer = []) {
      if (end !== undefined) return Promise.reject(end.reason);
      return new Promise((resolve, reject) => {
        pending.push({ resolve, reject });
        worker.postMessage({ name, argument }, transfer);
      });
    },
    async close() {
      await worker.terminate();
      await closed;
    },
  };
}

const sentence = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

function errorOf(reply: Exclude<Reply, { value: unknown }>): Error {
  if ("bug" in reply) return new Error(`a worker failed: ${reply.bug}`);
  const { code, detail, faults, extensions } = reply.problem;
  return new AppError(code, detail, { faults, extensions });
}
