import { setFlagsFromString } from "node:v8";

/**
 * Keeps V8's young generation as small as it begins. V8 doubles it whenever much survives, as nearly everything does that a
 * start loads, and takes it back only after most of a minute of quiet: 25 MB for a service that was just started and waits.
 * Takes no more time. A V8 that no longer knows the flag says so on standard error and goes on.
 *
 * @returns lets it grow, to what `--max-semi-space-size` allows, as load needs it
 */
export function holdYoungGeneration(): () => void {
  setFlagsFromString("--semi-space-growth-factor=1");
  return () => setFlagsFromString("--semi-space-growth-factor=2");
}
