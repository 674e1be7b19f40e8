import { type DestinationStream, type Logger as PinoLogger, pino, stdSerializers, stdTimeFunctions } from "pino";
import { redactFields, redactLine } from "./redact.ts";

/** No `child`: pino does not pass a child's own fields through the redaction below. */
export type Logger = Pick<PinoLogger, "trace" | "debug" | "info" | "warn" | "error" | "fatal">;

/**
 * One JSON object a line. The line is written before the call returns, so that a crash loses none.
 * @param level one of pino's levels or `silent`
 * @param destination where lines go; standard output unless given
 */
export function createLogger(level: string, destination?: DestinationStream): Logger {
  const redact = (fields: Record<string, unknown>) => redactFields(fields, stdSerializers.err);
  const options = {
    level,
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    formatters: {
      level: (label: string) => ({ level: label }),
      log: redact,
    },
    // `redact` has described errors already; pino's own serializer would describe the description.
    serializers: { err: (described: unknown) => described },
    hooks: { streamWrite: redactLine },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}
