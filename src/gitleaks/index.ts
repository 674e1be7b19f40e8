export { type GitleaksResult, parseGitleaksConfig } from "./parse-config.ts";
