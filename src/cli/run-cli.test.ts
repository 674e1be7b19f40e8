import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { describe, expect, test } from "vitest";
import { createFakeCli } from "../../test/fake-cli.ts";
import { VERSION } from "../model/version.ts";
import { createProgram } from "./create-program.ts";
import type { CliDeps } from "./deps.ts";
import { EXIT } from "./exit-codes.ts";

const cli = createFakeCli();
const program = createProgram({ stdout() {}, stderr() {} } as unknown as CliDeps, () => {});

/** Every command below the program, with the words that call it. */
function commandsOf(command: Command, words: readonly string[] = []): { words: readonly string[]; command: Command }[] {
  const below = command.commands.flatMap((child) => commandsOf(child, [...words, child.name()]));
  return words.length === 0 ? below : [{ words, command }, ...below];
}
const commands = commandsOf(program);

describe("verdict", () => {
  test("--version prints the version", async () => {
    for (const flag of ["--version", "-V"]) {
      expect(await cli.run(flag)).toEqual({ code: 0, stdout: `${VERSION}\n`, stderr: "" });
    }
  });

  test.each([[], ...commands.map(({ words }) => words)])(
    "%j --help: examples and exit codes on stdout",
    async (...words) => {
      const { code, stdout, stderr } = await cli.run(...words, "--help");
      expect(stdout).toMatch(/^Usage: verdict/);
      expect(stdout).toMatch(/\nExamples:\n {2}\$ /);
      expect(stdout).toMatch(/\nExit codes:\n {2}0 {2}/);
      expect(Math.max(...stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(130);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    },
  );

  test("help <command> is the command's --help", async () => {
    expect(await cli.run("help", "eval")).toEqual(await cli.run("eval", "--help"));
  });

  test.each([
    [[], "Usage: verdict"],
    [["rules"], "Usage: verdict rules"],
    [["keys"], "Usage: verdict keys"],
    [["sreve"], "(Did you mean serve?)"],
    [["evl"], "(Did you mean eval?)"],
    [["keys", "revok"], "(Did you mean revoke?)"],
    [["--verison"], "(Did you mean --version?)"],
    [["serve", "now"], "too many arguments"],
    [["serve", "--port", "1"], "unknown option '--port'"],
  ])("%j is a usage error on stderr", async (argv, message) => {
    const { code, stdout, stderr } = await cli.run(...argv);
    expect(stderr).toContain(message);
    expect(stderr).toContain("--help");
    expect({ code, stdout }).toEqual({ code: EXIT.usage, stdout: "" });
  });

  test.each([0, 1, 70])("serve ends with the service's own exit code, %i", async (code) => {
    const served = createFakeCli({ serve: async () => code });
    expect(await served.run("serve")).toEqual({ code, stdout: "", stderr: "" });
  });

  test("a bug is exit 1 with its stack, never an unhandled rejection", async () => {
    const serve = () => Promise.reject(new RangeError("oops\u001b[2J"));
    const { code, stdout, stderr } = await createFakeCli({ serve }).run("serve");
    expect(stderr).toMatch(
      /^error: this is a bug in verdict; please report it\nRangeError: oops\\u\{1b\}\[2J\n {4}at /,
    );
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  });

  test("no message repeats a key, wherever it was written", async () => {
    const ours = `vdt_${"s".repeat(43)}`;
    const foreign = "some-other-secret";
    const mistakes = [
      [ours],
      ["keys", ours],
      ["keys", "list", `--kye=${ours}`],
      ["keys", "list", "--key", foreign, "--url", foreign],
      ["keys", "list", `--key=${foreign}`, `--${foreign}`],
      ["keys", "revoke", "--key", foreign, foreign],
      ["keys", "create", "--name", "a", "--role", ours],
      ["keys", "create", "--name", "a", "--role", "ci", "--expires", ours],
      ["eval", ours],
      ["eval", "--now", ours],
      ["serve", ours],
    ];
    for (const argv of mistakes) {
      const { code, stdout, stderr } = await cli.run(...argv);
      expect(code, argv.join(" ")).not.toBe(0);
      expect(stdout + stderr, argv.join(" ")).not.toContain(ours);
      expect(stdout + stderr, argv.join(" ")).not.toContain(foreign);
    }
    const inEnvironment = createFakeCli({ env: { VERDICT_API_KEY: foreign } });
    expect((await inEnvironment.run("keys", "list", foreign)).stderr).not.toContain(foreign);
    expect((await inEnvironment.run(foreign)).stderr).toContain("[redacted]");
  });
});

describe("docs/cli.md", () => {
  const page = readFileSync(new URL("../../docs/cli.md", import.meta.url), "utf8");
  /** From the heading of each command to the next. */
  const sections = new Map(page.split(/^## /m).map((part) => [part.slice(0, part.indexOf("\n")), part]));
  const leaves = commands.filter(({ command }) => command.commands.length === 0);

  test.each(leaves)("describes $words with exactly its options", ({ words, command }) => {
    const section = sections.get(`\`verdict ${words.join(" ")}\``) ?? "";
    const inDocs = [...section.matchAll(/^\| `(--[a-z-]+)[ `]/gm)].map(([, name]) => name);
    const inProgram = command.options.map(({ long }) => long).filter((long) => long !== "--help");
    expect(inDocs.sort()).toEqual(inProgram.sort());
    expect(section).toContain("```sh\n");
  });

  test("lists exactly the exit codes", () => {
    const inDocs = [...page.matchAll(/^\| (\d) \|/gm)].map(([, code]) => Number(code));
    expect(inDocs).toEqual(Object.values(EXIT));
  });
});
