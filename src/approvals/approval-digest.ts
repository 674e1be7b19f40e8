import { createHash } from "node:crypto";
import type { Activation } from "../model/activation.ts";
import { canonicalJson } from "../model/canonical-json.ts";

/**
 * What an approval is bound to: `sha256:<64 hex>` over the RFC 8785 form of what is done, where, by whom and in which
 * session, and of the rules that ask. Roles are a set here. Attributes, context and time are left out: they may differ when
 * the agent comes back, and the rules look at them again.
 */
export function approvalDigest(activation: Activation, ruleDigest: string): string {
  const { action_type, action_name, destination, session } = activation;
  const { name, roles, tenant } = activation.identity;
  const bound = {
    action_type,
    action_name,
    arguments: activation.arguments,
    destination,
    identity: { name, roles: [...new Set(roles)].sort(), ...(tenant === undefined ? {} : { tenant }) },
    session,
    rules: ruleDigest,
  };
  return `sha256:${createHash("sha256").update(canonicalJson(bound)).digest("hex")}`;
}
