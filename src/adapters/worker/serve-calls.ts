import { parentPort } from "node:worker_threads";
import { AppError } from "../../model/errors.ts";

/** What comes back for a call. Errors are no plain data, so they are taken apart. */
export type Reply =
  | { readonly value: unknown }
  | { readonly problem: Pick<AppError, "code" | "detail" | "faults" | "extensions"> }
  /** The stack of something that is no expected failure. */
  | { readonly bug: string };

/** By name. Arguments and values are plain data, or promise it. */
export type CallHandlers = Readonly<Record<string, (argument: never) => unknown>>;

/** Answers the calls of a `WorkerSession` from within its worker: each when those before it are answered. */
export function serveCalls(handlers: CallHandlers): void {
  let last = Promise.resolve();
  parentPort?.on("message", ({ name, argument }: { name: string; argument: never }) => {
    last = last.then(async () => parentPort?.postMessage(await answer(() => handlers[name]!(argument))));
  });
}

async function answer(run: () => unknown): Promise<Reply> {
  try {
    return { value: await run() };
  } catch (error) {
    if (!(error instanceof AppError)) return { bug: String(error instanceof Error ? error.stack : error) };
    const { code, detail, faults, extensions } = error;
    return { problem: { code, detail, faults, extensions } };
  }
}
