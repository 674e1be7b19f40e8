import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { packageRoot } from "../../src/package-root.ts";

const SDK = join(packageRoot, "sdks", "go");
const GENERATOR = "github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen";
const isCI = process.env.CI === "true";
const GO = process.env.GO ?? "go";
const hasGo = spawnSync(GO, ["version"], { stdio: "ignore" }).status === 0;
if (!hasGo && !isCI) console.warn("skipped: the tests of the Go client; there is no Go 1.22 or newer");
// Building the generator takes a minute of processor time.
const generates = isCI || process.env.VERDICT_GENERATE_GO !== undefined;
if (!generates)
  console.warn("skipped: whether the Go client's types are generated anew as they are (VERDICT_GENERATE_GO=1)");

const scratch = mkdtempSync(join(tmpdir(), "verdict-go-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

// Where Go is missing in CI, the commands fail, and so do these.
describe.skipIf(!hasGo && !isCI)("the Go client", () => {
  it("is formatted and has nothing that vet finds", { timeout: 120_000 }, async () => {
    expect(await run("gofmt", "-l", ".")).toEqual({ code: 0, output: "" });
    expect(await run(GO, "vet", "./...")).toEqual({ code: 0, output: "" });
  });

  it("passes its tests, the vectors and the service's own answers among them", { timeout: 240_000 }, async () => {
    const { code, output } = await run(GO, "test", "-count=1", "-timeout=200s", "-v", "./...");
    // What passed is not worth reading.
    expect(code, output.replace(/^(?:=== | *--- PASS).*\n/gm, "")).toBe(0);
    const vectors = [...output.matchAll(/(\d+) vectors$/gm)].reduce((sum, [, count]) => sum + Number(count), 0);
    expect(vectors).toBeGreaterThan(200);
    console.log(`the Go client: ${vectors} vectors`);
    for (const [skipped] of output.matchAll(/^.*skipped: .*$/gm)) console.warn(`the Go client: ${skipped.trim()}`);
  });

  it.skipIf(!generates)("has the types that the generator makes of openapi.json", { timeout: 400_000 }, async () => {
    const made = join(scratch, "generated.go");
    const openapi = join(packageRoot, "openapi", "openapi.json");
    const options = ["--config", "oapi-codegen.yaml", "-o", made, openapi];
    const { code, output } = await run(GO, "run", "-C", "internal/generate", GENERATOR, ...options);
    expect(code, output).toBe(0);
    // `go generate ./...` in sdks/go mends it.
    expect(readFileSync(made, "utf8")).toBe(readFileSync(join(SDK, "generated.go"), "utf8"));
  });
});

describe("the Go client's folder", () => {
  it("has types that were generated from this openapi.json, and not changed since", () => {
    const sums = readFileSync(join(SDK, "generated.sha256"), "utf8").trimEnd().split("\n");
    const now = ["../../openapi/openapi.json", "generated.go"].map((path) => {
      const sum = createHash("sha256")
        .update(readFileSync(join(SDK, path)))
        .digest("hex");
      return `${sum}  ${path}`;
    });
    // `go generate ./...` in sdks/go mends it.
    expect(sums).toEqual(now);
  });
});

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

function run(program: string, ...options: string[]): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, options, { cwd: SDK, stdio: ["ignore", "pipe", "pipe"] });
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
