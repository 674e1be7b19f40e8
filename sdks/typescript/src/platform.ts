import { chooseOpenStream, type OpenStream } from "./open-stream.ts";
import type { Environment } from "./settings.ts";

/** Clocks, chance, the network and the surroundings: what a client takes from where it runs. */
export interface Platform {
  readonly fetch: typeof globalThis.fetch;
  /** For the event stream. */
  readonly openStream: OpenStream;
  readonly env: Environment;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  /** From 0 to, but not, 1. */
  readonly random: () => number;
  readonly warn: (message: string) => void;
}

/** A timer of JavaScript that is to wait for longer ends at once. */
export const TIMER_MAX_MS = 2_147_483_647;

/** Of Node.js, a browser, Deno or Bun. */
export function currentPlatform(): Platform {
  const fetch: typeof globalThis.fetch = (...input) => globalThis.fetch(...input);
  return {
    fetch,
    openStream: chooseOpenStream(fetch),
    env: readEnvironment(),
    now: () => performance.now(),
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, Math.min(TIMER_MAX_MS, ms))),
    random: () => Math.random(),
    warn: (message) => console.warn(`verdict: ${message}`),
  };
}

/** Empty where there is none, or where Deno may not read it. */
function readEnvironment(): Environment {
  const names = [
    "URL",
    "API_KEY",
    "FAIL_MODE",
    "TIMEOUT_MS",
    "CACHE_TTL_SECONDS",
    "CACHE_MAX_ENTRIES",
    "EVENTS",
    "IDENTITY_NAME",
    "IDENTITY_ROLES",
  ];
  const { process } = globalThis as { process?: { env?: Environment } };
  try {
    return Object.fromEntries(names.map((name) => [`VERDICT_${name}`, process?.env?.[`VERDICT_${name}`]]));
  } catch {
    return {};
  }
}
