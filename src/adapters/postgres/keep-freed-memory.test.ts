import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";
import { keepFreedMemory } from "./keep-freed-memory.ts";

const isGlibc = JSON.stringify(process.report.getReport()).includes("glibcVersionRuntime");

/** Pages that the system gives a new process for ten rounds of buffers, when those of a first round have been freed. */
function pagesAfter(prepare: string): number {
  const script = `
    ${prepare}
    gc();
    const round = () => {
      for (let n = 0; n < 64; n++) Buffer.allocUnsafeSlow(512 * 1024).fill(1);
      gc();
    };
    round();
    const before = process.resourceUsage().minorPageFault;
    for (let n = 0; n < 10; n++) round();
    console.log(process.resourceUsage().minorPageFault - before);`;
  return Number(execFileSync(process.execPath, ["--expose-gc", "--eval", script], { encoding: "utf8" }));
}

it.skipIf(!isGlibc)("memory that is freed is used again, not given back and cleared", () => {
  expect(pagesAfter(`(${keepFreedMemory})();`)).toBeLessThan(pagesAfter("") / 2);
});
