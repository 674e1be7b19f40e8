import { AppError, ERROR_CODES, type ErrorCode, type FieldFault } from "../../model/errors.ts";
import { CliError } from "../cli-error.ts";
import { isObject } from "../key-json.ts";
import { redact } from "../redact.ts";

/** What a group of commands says about the problems that a service answers with, by code. */
export interface Advice {
  readonly hints: Readonly<Record<string, string>>;
  readonly exitCodes?: Readonly<Record<string, number>>;
}

/**
 * The problem (RFC 9457) in an answer that is none of success; a CliError when it is not one of ours.
 *
 * SECURITY: what the server wrote is not trusted not to repeat the key.
 * @param answer the parsed body; undefined when it was not JSON
 */
export function problemIn(answer: unknown, status: number, base: URL, key: string): AppError | CliError {
  if (status >= 300 && status < 400) {
    return new CliError(`${base.origin} answered with a redirect (HTTP ${status}), which is not followed`, {
      hint: "Give the address of the service itself; a redirect could send the key to another server.",
    });
  }
  if (!isObject(answer) || typeof answer.code !== "string" || !Object.hasOwn(ERROR_CODES, answer.code)) {
    return new CliError(`${base.origin} answered HTTP ${status} without saying why`, {
      hint: "Is this the address of Verdict itself, or of something in front of it?",
      // A proxy in front of a service that starts again.
      isPassing: status >= 500,
    });
  }
  const safe = (text: unknown) => (typeof text === "string" ? redact(text, [key]) : "");
  const faults = (Array.isArray(answer.errors) ? answer.errors : [])
    .filter(isObject)
    .map(({ pointer, detail }): FieldFault => ({ pointer: safe(pointer), detail: safe(detail) }));
  return new AppError(answer.code as ErrorCode, safe(answer.detail) || safe(answer.title), { faults });
}

/** The same problem as a user is told it, with what to do about it. */
export function advised(problem: AppError | CliError, { hints, exitCodes = {} }: Advice): CliError {
  if (problem instanceof CliError) return problem;
  const { code, detail, faults } = problem;
  const hint = hints[code];
  const exitCode = exitCodes[code];
  return new CliError(`${detail} [${code}]`, {
    faults,
    isPassing: ERROR_CODES[code].retryable,
    ...(hint === undefined ? undefined : { hint }),
    ...(exitCode === undefined ? undefined : { exitCode }),
  });
}

export const notVerdict = (base: URL) =>
  new CliError(`${base.origin} answered, but not as Verdict does`, { hint: "Check the address." });

/** @param code the system's name for what is wrong: the only part of such an error that is surely no secret */
export const unreachable = (base: URL, code: string | undefined) =>
  new CliError(`${base.origin} cannot be reached${code === undefined ? "" : ` (${code})`}`, {
    hint: "Start the service with `verdict serve`, or give its address with --url or VERDICT_URL.",
    isPassing: true,
  });

/** The system's error code, of an error that has one. */
export const systemCode = (error: unknown): string | undefined =>
  error instanceof Error && "code" in error ? String(error.code) : undefined;
