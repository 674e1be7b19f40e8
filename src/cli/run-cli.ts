import { CommanderError } from "commander";
import { describeFailure } from "./cli-error.ts";
import { createProgram } from "./create-program.ts";
import type { CliDeps } from "./deps.ts";
import { EXIT } from "./exit-codes.ts";
import { givenSecrets, redact } from "./redact.ts";

/**
 * Runs one command line. Never rejects: every failure is a message on stderr and an exit code.
 * @param argv what follows the program's name
 * @returns the exit code, from `EXIT`; that of `serve` is the service's own
 */
export async function runCli(argv: readonly string[], deps: CliDeps): Promise<number> {
  const secrets = givenSecrets(argv, deps.env);
  // SECURITY: the only way to stderr, so that no message, whoever wrote it, can hold a key.
  const safe: CliDeps = { ...deps, stderr: (text) => deps.stderr(redact(text, secrets)) };
  let exitCode: number = EXIT.ok;
  try {
    await createProgram(safe, (code) => {
      exitCode = code;
    }).parseAsync([...argv], { from: "user" });
    return exitCode;
  } catch (error) {
    // Commander has written its message already; help and version that were asked for end here too, with 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    const { text, exitCode: failure } = describeFailure(error);
    safe.stderr(text);
    return failure;
  }
}
