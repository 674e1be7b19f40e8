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
    return new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(path));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === "ERR_ENCODING_INVALID_ENCODED_DATA" ? "it is not UTF-8" : code;
    throw new Error(`the rules for secrets ${path} cannot be read: ${why}`);
  }
}
