import { createHash } from "node:crypto";
import type { Rule } from "../rules/types.ts";

/**
 * `sha256:<64 hex>` of what all rules that ask for an approval say: an edit of one of them is another question.
 * @param rules in the order of their ids
 */
export function ruleDigest(rules: readonly Pick<Rule, "digest">[]): string {
  const digests = rules.map(({ digest }) => digest).join(",");
  return `sha256:${createHash("sha256").update(digests).digest("hex")}`;
}
