import { redactLine } from "../telemetry/redact.ts";

/**
 * Takes keys out of a message, whatever put them there: an option that was misspelt, a server that repeats what it got.
 * @param secrets texts that must not appear, beside what looks like a credential
 */
export function redact(text: string, secrets: readonly string[]): string {
  return redactLine(secrets.reduce((rest, secret) => rest.replaceAll(secret, "[redacted]"), text));
}

/** What was given as a key, on the command line or in the environment. */
export function givenSecrets(argv: readonly string[], env: Readonly<Record<string, string | undefined>>): string[] {
  const given = [env.VERDICT_API_KEY, ...argv.map((arg, at) => (arg === "--key" ? argv[at + 1] : afterKey(arg)))];
  // Shorter ones are no keys, and would turn ordinary words into holes.
  return given.filter((text) => text !== undefined && text.length >= 8) as string[];
}

const afterKey = (arg: string) => (arg.startsWith("--key=") ? arg.slice("--key=".length) : undefined);
