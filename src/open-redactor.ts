import { readFileSync } from "node:fs";
import type { Config } from "./config/index.ts";
import { parseGitleaksConfig } from "./gitleaks/index.ts";
import { createRedactor, type Redactor, type SecretSearch } from "./redaction/index.ts";

/** @throws Error that names the file with rules for secrets, and says what is wrong with it and where */
export function openRedactor(
  { auditRedactPaths, auditRedactRulesFile }: Pick<Config, "auditRedactPaths" | "auditRedactRulesFile">,
  key: Uint8Array,
): Redactor {
  const search = auditRedactRulesFile === undefined ? undefined : readRules(auditRedactRulesFile);
  return createRedactor({ key, paths: auditRedactPaths, ...(search && { search }) });
}

function readRules(path: string): SecretSearch {
  const result = parseGitleaksConfig(path, readText(path), () => performance.now() * 1000);
  if (result.ok) return result.search;
  throw new Error(`the rules for secrets are not valid:\n${result.problems.map((each) => `  ${each}`).join("\n")}`);
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new Error(`the rules for secrets ${path} cannot be read: ${(error as NodeJS.ErrnoException).code}`);
  }
}
