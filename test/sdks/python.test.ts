import { spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { packageRoot } from "../../src/package-root.ts";

const SDK = join(packageRoot, "sdks", "python");
/** What the script ends with when the packages of a leg could not be installed. */
const SKIPPED = 77;
const python = ["python3", "python"].find(isSupported);

describe("the Python client", () => {
  it("passes its tests, the vectors among them", { timeout: 300_000 }, async ({ skip }) => {
    const { code, output } = python === undefined ? noPython() : await run(python, join(SDK, "scripts", "check.py"));
    if (code === SKIPPED && process.env.CI !== "true") {
      console.warn(output);
      return skip(output);
    }
    expect(code, output).toBe(0);
    const summary = /^.*\b\d+ passed\b.*$/m.exec(output)?.[0];
    expect(summary).toBeDefined();
    console.log(`the Python client: ${summary}`);
  });
});

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

function isSupported(name: string): boolean {
  const check = "import sys, venv; sys.exit(sys.version_info < (3, 10))";
  return spawnSync(name, ["-c", check], { stdio: "ignore" }).status === 0;
}

const noPython = (): Ended => ({
  code: SKIPPED,
  output: "skipped: the tests of the Python client; there is no Python 3.10 or newer with venv",
});

function run(program: string, script: string): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, [script, "tests"], { stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    const collect = (chunk: Buffer) => {
      output += chunk;
    };
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, output }));
  });
}
