export { type CelCompilerOptions, createCelCompiler } from "./compiler.ts";
export { loadParsersFor } from "./functions-parsers.ts";
export { createKeptTexts, type KeptTexts } from "./kept-texts.ts";
export { type Mutant, mutantsOf } from "./mutants.ts";
export { compileStandard, type StandardExpression, type StandardOptions } from "./standard.ts";
export type * from "./types.ts";
export { CelDuration, CelError, CelMap, CelTimestamp, CelType, CelUint, isCelError } from "./values.ts";
