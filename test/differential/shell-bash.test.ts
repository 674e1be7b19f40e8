import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { analyzeShell } from "../../src/shell/index.ts";
import { shellText } from "../shell-texts.ts";
import { differentialRuns, differentialSeed, differentialTimeoutMs } from "./budget.ts";

const RUNS = differentialRuns(500);
/** Refused on purpose, valid bash or not. */
const REFUSED = /^(?:longer than|the character|more than|too much|maximum|cannot be analysed)/;

/**
 * Whether bash takes each text, in order; `bash -n` reads and runs nothing. It ends with 0 behind some errors that it prints.
 * Extended patterns are on, as the parser has them: a word that is none then is no error.
 */
const READ_ALL = `cd "$0" && for ((i = 0; i < $1; i++)); do
  error=$(LC_ALL=C bash -O extglob -n "./$i" 2>&1)
  if [[ $? != 0 || $error == *conditional* || $error == *"syntax error"* ]]; then echo no; else echo yes; fi
done`;

const hasBash =
  spawnSync("bash", ["-c", "((BASH_VERSINFO[0] > 5 || (BASH_VERSINFO[0] == 5 && BASH_VERSINFO[1] >= 2)))"]).status ===
  0;
if (!hasBash) {
  if (process.env.CI === "true") throw new Error("bash 5.2 or later is needed in CI");
  console.log("skipped: no bash 5.2 or later to compare with");
}

describe.skipIf(!hasBash)("a shell command is ok exactly where bash reads it", () => {
  it(`in ${RUNS} generated texts`, { timeout: differentialTimeoutMs }, () => {
    const texts = fc.sample(shellText, { numRuns: RUNS, seed: differentialSeed }).filter(isComparable);
    const bash = readByBash(texts);
    const differences = texts.flatMap((text, index) => {
      const { ok, error } = analyzeShell(text);
      return ok === bash[index] || REFUSED.test(error) ? [] : [{ text, ok, error }];
    });
    // SECURITY: what bash does not read the same way is the dangerous half.
    expect(differences.filter(({ ok }) => ok)).toEqual([]);
    // The other half only costs a person's time; what is left of it is rare.
    expect(differences.length).toBeLessThanOrEqual(RUNS / 100);
  });
});

/** Bash 5.3 reads `${ command; }`, which is an unset name to 5.2. */
function isComparable(text: string): boolean {
  return !/\$\{[\s|]/.test(text);
}

function readByBash(texts: readonly string[]): boolean[] {
  const folder = mkdtempSync(join(tmpdir(), "verdict-shell-"));
  try {
    for (const [index, text] of texts.entries()) writeFileSync(join(folder, String(index)), text);
    const args = ["-c", READ_ALL, folder, String(texts.length)];
    const { stdout } = spawnSync("bash", args, { encoding: "utf8", maxBuffer: 2 ** 26 });
    return stdout
      .trimEnd()
      .split("\n")
      .map((answer) => answer === "yes");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
