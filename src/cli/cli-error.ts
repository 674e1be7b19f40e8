import { AppError, ERROR_CODES, type ErrorCode, type FieldFault } from "../model/errors.ts";
import { EXIT } from "./exit-codes.ts";
import { printable } from "./printable.ts";

/** A failure that the user is told in one line, with what to do about it. Neither text ever holds a key. */
export class CliError extends Error {
  override readonly name = "CliError";
  readonly exitCode: number;
  readonly hint: string | undefined;
  readonly faults: readonly FieldFault[];

  constructor(
    message: string,
    options: { exitCode?: number; hint?: string; faults?: readonly FieldFault[]; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.exitCode = options.exitCode ?? EXIT.failed;
    this.hint = options.hint;
    this.faults = options.faults ?? [];
  }
}

/** What is written to stderr for a failure of any kind, and the exit code. */
export function describeFailure(error: unknown): { readonly text: string; readonly exitCode: number } {
  if (error instanceof CliError) {
    return { text: lines(error.message, error.faults, error.hint), exitCode: error.exitCode };
  }
  if (error instanceof AppError) {
    return { text: lines(`${error.detail} [${error.code}]`, error.faults, hintFor(error.code)), exitCode: EXIT.failed };
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const told = stack.split("\n").map(printable).join("\n");
  return { text: `error: this is a bug in verdict; please report it\n${told}\n`, exitCode: EXIT.failed };
}

function lines(message: string, faults: readonly FieldFault[], hint: string | undefined): string {
  const told = faults.map(({ pointer, detail }) => `  ${printable(pointer || "(whole body)")}: ${printable(detail)}\n`);
  return `error: ${printable(message)}\n${told.join("")}${hint === undefined ? "" : `${printable(hint)}\n`}`;
}

function hintFor(code: ErrorCode): string | undefined {
  switch (code) {
    case "unauthenticated":
    case "key_expired":
    case "key_revoked":
      return "Set VERDICT_API_KEY to a key of this service with the scope `keys:write`, such as an `admin` key.";
    case "insufficient_scope":
      return "Use a key with the scope `keys:write`, such as one with the role `admin`.";
    case "host_forbidden":
      return "Add the host of this address to the service's VERDICT_ALLOWED_HOSTS, or use a name that is listed there.";
    case "not_found":
      return "`verdict keys list` shows the ids. Is the address that of Verdict itself?";
    default:
      return ERROR_CODES[code].retryable ? "Try again in a moment; the service's log says more." : undefined;
  }
}
