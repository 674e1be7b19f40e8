import { AppError, ERROR_CODES, type FieldFault } from "../model/errors.ts";
import { EXIT } from "./exit-codes.ts";
import { printable } from "./printable.ts";

/** A failure that the user is told in one line, with what to do about it. Neither text ever holds a key. */
export class CliError extends Error {
  override readonly name = "CliError";
  readonly exitCode: number;
  readonly hint: string | undefined;
  readonly faults: readonly FieldFault[];
  /** Whether the same may succeed a little later. */
  readonly isPassing: boolean;

  constructor(message: string, options: CliErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.exitCode = options.exitCode ?? EXIT.failed;
    this.hint = options.hint;
    this.faults = options.faults ?? [];
    this.isPassing = options.isPassing ?? false;
  }
}

interface CliErrorOptions {
  readonly exitCode?: number;
  readonly hint?: string;
  readonly faults?: readonly FieldFault[];
  readonly isPassing?: boolean;
  readonly cause?: unknown;
}

/** What is written to stderr for a failure of any kind, and the exit code. */
export function describeFailure(error: unknown): { readonly text: string; readonly exitCode: number } {
  if (error instanceof CliError) {
    return { text: lines(error.message, error.faults, error.hint), exitCode: error.exitCode };
  }
  if (error instanceof AppError) {
    const reason = causeCode(error);
    const told = `${error.detail}${reason === undefined ? "" : ` (${reason})`} [${error.code}]`;
    return { text: lines(told, error.faults, hintFor(error)), exitCode: EXIT.failed };
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const told = stack.split("\n").map(printable).join("\n");
  return { text: `error: this is a bug in verdict; please report it\n${told}\n`, exitCode: EXIT.failed };
}

function lines(message: string, faults: readonly FieldFault[], hint: string | undefined): string {
  const told = faults.map(({ pointer, detail }) => `  ${printable(pointer || "(whole body)")}: ${printable(detail)}\n`);
  return `error: ${printable(message)}\n${told.join("")}${hint === undefined ? "" : `${printable(hint)}\n`}`;
}

/** Deeper than any chain of causes that somebody made on purpose. */
const CAUSES_MAX = 5;

/**
 * The SQLSTATE or system error code at the root of a failure: the only part of a driver's error that is surely no secret.
 * Storage adapters leave it as the beginning of the message.
 */
function causeCode(error: AppError): string | undefined {
  let code: string | undefined;
  let cause = error.cause;
  for (let depth = 0; depth < CAUSES_MAX && cause instanceof Error; depth += 1) {
    const own = "code" in cause ? String(cause.code) : cause.message.replace(/:.*$/s, "");
    if (/^(?:E[A-Z0-9]+|[A-Z]+_[A-Z_]+|(?=.*\d)[0-9A-Z]{5})$/.test(own)) code = own;
    cause = cause.cause;
  }
  return code;
}

function hintFor({ code, cause }: AppError): string | undefined {
  switch (code) {
    case "storage_unavailable":
      // With a cause it happened in this process: there is no service whose log says more.
      if (cause === undefined) break;
      return "Is the database running, and does this environment name the right one and its password?";
    case "unauthenticated":
    case "key_expired":
    case "key_revoked":
      return "Set VERDICT_API_KEY to a key of this service with the scope `keys:write`, such as an `admin` key.";
    case "insufficient_scope":
      return "Use a key with the scope `keys:write`, such as one with the role `admin`.";
    case "host_forbidden":
      return (
        "Use a name that is in the service's VERDICT_ALLOWED_HOSTS. " +
        "On its own machine, set VERDICT_ALLOWED_HOSTS here as it is set for the service."
      );
    case "not_found":
      return "`verdict keys list` shows the ids. Is the address that of Verdict itself?";
  }
  return ERROR_CODES[code].retryable ? "Try again in a moment; the service's log says more." : undefined;
}
