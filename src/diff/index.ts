export { compareRules } from "./compare-rules.ts";
export { findDifferences, type SearchOptions } from "./find-differences.ts";
export { fixtureText } from "./fixture-text.ts";
export type * from "./types.ts";
