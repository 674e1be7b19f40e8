import type { Scope } from "./scope.ts";
import type { Call } from "./unwrap.ts";
export function runAwk(_call: Call, scope: Scope): void {
  scope.analysis.runsUnknown();
}
