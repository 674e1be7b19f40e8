import { startVerdict } from "../processes.mjs";
import { celConditionOf } from "./cel-condition.mjs";

export const verdict = {
  path: "/v1/policy/evaluate",
  bodyOf,
  decisionOf: ({ decision }) => decision,
  rulesOf: ({ rules }) => rules.map((id) => id.replace("peers/", "")),
};

export function sourcesOf(rules) {
  const content = ["version: 1\npolicy: peers\nrules:\n", ...rules.map(ruleText)].join("");
  return [{ path: "peers.yaml", content }];
}

function ruleText(rule) {
  const { id, effect, action } = rule;
  const name = action.name ?? (action.prefix && `${action.prefix}*`);
  return `  - id: ${id}
    action: { type: ${action.type}${name === undefined ? "" : `, name: ${JSON.stringify(name)}`} }
    when: >-
      ${celConditionOf(rule, (path) => path)}
    decision: ${effect}
    reason: An agreement with the team that owns this action.
`;
}

export function bodyOf({ type, name, arguments: args, domain, roles, tenant, session }) {
  return {
    action_type: type,
    action_name: name,
    arguments: args,
    destination: { domain },
    identity: { name: "agent", roles, tenant },
    session_id: session,
  };
}

/** The identities differ from request to request, so the key is a gateway's. */
export async function startVerdictPeer(rules, env) {
  const server = await startVerdict({ sources: sourcesOf(rules), env });
  return { ...server, headers: { authorization: `Bearer ${server.keys.gateway}` } };
}
