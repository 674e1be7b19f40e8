import { DrizzleQueryError } from "drizzle-orm/errors";
import { AppError, UnavailableError } from "../../model/errors.ts";

export const UNIQUE_VIOLATION = "23505";
/** Also what an insert meets that finds no partition. */
export const CHECK_VIOLATION = "23514";

/** SQLSTATE or Node error code of whatever a driver threw through Drizzle. */
export function faultCode(error: unknown): string | undefined {
  const driverError = driverErrorOf(error);
  if (!(driverError instanceof Error) || !("code" in driverError)) return undefined;
  return typeof driverError.code === "string" ? driverError.code : undefined;
}

/**
 * An `AppError` as it is, anything else as `storage_unavailable`.
 *
 * SECURITY: of the driver's error only code and message go on. Drizzle's message holds the statement's parameters, and a
 * PostgreSQL error's `detail` and `where` quote rows: both are records and key hashes, and causes are logged.
 */
export function toStorageFault(error: unknown): AppError {
  if (error instanceof AppError) return error;
  const driverError = driverErrorOf(error);
  const message = driverError instanceof Error ? driverError.message : String(driverError);
  const code = faultCode(error);
  const cause = new Error(code === undefined ? message : `${code}: ${message}`);
  return new UnavailableError("storage", "the database did not answer", cause);
}

function driverErrorOf(error: unknown): unknown {
  if (error instanceof DrizzleQueryError) return error.cause ?? new Error("query failed");
  return error instanceof AggregateError && error.errors.length > 0 ? error.errors[0] : error;
}
