import type { RuleTest } from "../../operations/rule-sets/test-rules.ts";
import { CliError } from "../cli-error.ts";
import type { CliDeps } from "../deps.ts";
import { EXIT } from "../exit-codes.ts";

export type TestSources = Pick<RuleTest, "rules" | "fixtures">;

/**
 * Runs one after the other, never two at once: what changes during a run makes one more. What was touched and is the same
 * makes none.
 */
export async function watchTests(
  deps: CliDeps,
  dir: string,
  run: (sources: TestSources) => Promise<number>,
): Promise<number> {
  const changes = createSignal();
  const ending = new AbortController();
  const stopListening = deps.terminal.onEnd(() => {
    ending.abort();
    changes.set();
  });
  const stopWatching = await deps.testFiles.watch(dir, changes.set, (error) => {
    deps.stderr(`the watch failed: ${error.message}\n`);
  });
  let exitCode: number = EXIT.ok;
  let last = "";
  try {
    while (!ending.signal.aborted) {
      const sources = await readSources(deps, dir);
      const now = JSON.stringify(sources);
      if (now !== last) exitCode = await runTold(deps, () => run(sources));
      last = now;
      await changes.wait();
    }
  } finally {
    stopListening();
    await stopWatching();
  }
  return exitCode;
}

/** @param dir absolute */
export async function readSources(deps: CliDeps, dir: string): Promise<TestSources> {
  const [rules, fixtures] = await Promise.all([deps.readRules(dir), deps.testFiles.readFixtures(dir)]);
  return { rules, fixtures };
}

/** A flag that one waits for, and that waiting takes down. */
function createSignal(): { readonly set: () => void; wait(): Promise<void> } {
  let isSet = false;
  let wake = () => {};
  return {
    set() {
      isSet = true;
      wake();
    },
    async wait() {
      if (!isSet) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      isSet = false;
    },
  };
}

/** A watch goes on after a run that could not be, such as one whose filter fits nothing yet. */
async function runTold(deps: CliDeps, run: () => Promise<number>): Promise<number> {
  if (deps.isInteractive) deps.stdout(CLEAR_SCREEN);
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    deps.stderr(`error: ${error.message}\n`);
    return error.exitCode;
  } finally {
    deps.stderr("waiting for changes; Ctrl-C ends\n");
  }
}

/** Cursor to the upper left, and everything gone. */
const CLEAR_SCREEN = "\u001b[H\u001b[2J";
