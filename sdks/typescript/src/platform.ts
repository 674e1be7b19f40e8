import type { Environment } from "./settings.ts";

/** Clocks, chance, the network and the surroundings: what a client takes from where it runs. */
export interface Platform {
  readonly fetch: typeof globalThis.fetch;
  readonly env: Environment;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  /** From 0 to, but not, 1. */
  readonly random: () => number;
  readonly warn: (message: string) => void;
}

/** Of Node.js, a browser, Deno or Bun. */
export function currentPlatform(): Platform {
  return {
    fetch: (...input) => globalThis.fetch(...input),
    env: readEnvironment(),
    now: () => performance.now(),
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
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
