import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";
import { keepFreedMemory } from "./keep-freed-memory.ts";

const isGlibc = JSON.stringify(process.report.getReport()).includes("glibcVersionRuntime");

// Otherwise a thread that waits for a processor frees a round's buffers during the next one.
const FREE_AT_ONCE = ["--single-threaded-gc", "--no-concurrent-array-buffer-sweeping"];

/** Pages that the system gives a new process for ten rounds of buffers, when those of a first round have been freed. */
function pagesAfter(prepare: string): number {
  const script = `
    ${prepare}
    gc();
    const round = () => {
      for (let n = 0; n < 32; n++) Buffer.allocUnsafeSlow(512 * 1024).fill(1);
      gc();
    };
    round();
    const before = process.resourceUsage().minorPageFault;
    for (let n = 0; n < 10; n++) round();
    console.log(process.resourceUsage().minorPageFault - before);`;
  const argv = ["--expose-gc", ...FREE_AT_ONCE, "--eval", script];
  return Number(execFileSync(process.execPath, argv, { encoding: "utf8" }));
}

it.skipIf(!isGlibc)("memory that is freed is used again, not given back and cleared", () => {
  expect(pagesAfter(`(${keepFreedMemory})();`)).toBeLessThan(pagesAfter("") / 2);
});
