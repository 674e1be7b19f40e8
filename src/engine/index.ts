export { type DecideInput, decide } from "./decide.ts";
export { explain, type RuleOutcome } from "./explain.ts";
