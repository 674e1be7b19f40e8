export { analyzeShell } from "./analyze-shell.ts";
export { pipesTo, runs } from "./queries.ts";
export type { ShellCommand, ShellInvocation } from "./types.ts";
