import { distance } from "fastest-levenshtein";
import { CLIENT_VARIABLES, SERVICE_VARIABLE_NAMES } from "./variables.ts";

const PREFIX = "VERDICT_";
const KNOWN: readonly string[] = [...SERVICE_VARIABLE_NAMES, ...Object.keys(CLIENT_VARIABLES)];

/** First guesses that no edit distance leads to the right name from. */
const GUESSES: Readonly<Record<string, string>> = {
  VERDICT_PORT: "VERDICT_LISTEN",
  VERDICT_HOST: "VERDICT_LISTEN",
  VERDICT_ADDRESS: "VERDICT_LISTEN",
};

/** Names in `env` that begin with `VERDICT_` and that neither the service nor a client reads, sorted. */
export function findUnknownVariables(env: Readonly<Record<string, string | undefined>>): string[] {
  return Object.keys(env)
    .filter((name) => name.startsWith(PREFIX) && !KNOWN.includes(name))
    .filter((name) => env[name] !== "" && env[name] !== undefined && !isServiceLink(name, env[name]))
    .sort();
}

export function nearestVariable(name: string): string {
  const guess = GUESSES[name];
  if (guess !== undefined) return guess;
  const bare = withoutPrefix(name);
  return KNOWN.reduce((best, known) =>
    distance(bare, withoutPrefix(known)) < distance(bare, withoutPrefix(best)) ? known : best,
  );
}

/** So that `VERDICT_DATABASE_URL` is near `DATABASE_URL`. */
function withoutPrefix(name: string): string {
  return name.startsWith(PREFIX) ? name.slice(PREFIX.length) : name;
}

/**
 * Kubernetes sets such variables in every pod beside a Service whose name begins with `verdict`; nobody asked for them.
 * @see https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
 */
function isServiceLink(name: string, value: string): boolean {
  if (/_PORT$/.test(name) && !/_SERVICE_PORT$/.test(name)) return /^(?:tcp|udp|sctp):\/\//.test(value);
  return /_(?:SERVICE_HOST|SERVICE_PORT(?:_[A-Z0-9_]+)?|PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:ADDR|PORT|PROTO))?)$/.test(
    name,
  );
}
