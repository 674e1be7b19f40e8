export { compareRules } from "./compare-rules.ts";
export { findDifferences } from "./find-differences.ts";
export { fixtureText } from "./fixture-text.ts";
export type * from "./types.ts";
