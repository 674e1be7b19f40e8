import { createRequire } from "node:module";

const ATTRIBUTES = { "identity.tenant": "principal.tenant", "destination.domain": "context.domain" };
const attributeOf = (path) => ATTRIBUTES[path] ?? `context.${path}`;
const quote = JSON.stringify;
const ID = "peers";
const USER = { type: "User", id: "agent" };

/** A policy a rule; types and exact names are in its scope, which Cedar looks at first. */
function policiesOf(rules) {
  return Object.fromEntries(rules.map((rule) => [rule.id, policyText(rule)]));
}

function policyText({ effect, action, when }) {
  const { type, name, prefix } = action;
  const scope = `principal, ${name === undefined ? "action" : `action == Action::${quote(name)}`}, resource is ${type}`;
  const alternatives = when.map((terms) => `(${terms.map(cedarTermOf).join(" && ")})`).join(" || ");
  const about = prefix === undefined ? "" : `context.name like ${quote(`${prefix}*`)} && `;
  return `${effect === "allow" ? "permit" : "forbid"} (${scope}) when { ${about}(${alternatives}) };`;
}

function cedarTermOf({ path, op, value, negated }) {
  const at = attributeOf(path);
  const positive = {
    eq: () => `${at} == ${quote(value)}`,
    gt: () => `${at} > ${value}`,
    in: () => `${quote(value)}.contains(${at})`,
    has: () => `principal in Role::${quote(value)}`,
    startsWith: () => `${at} like ${quote(`${value}*`)}`,
    endsWith: () => `${at} like ${quote(`*${value}`)}`,
    contains: () => `${at} like ${quote(`*${value}*`)}`,
  }[op]();
  return negated ? `!(${positive})` : positive;
}

function callOf({ type, name, arguments: args, domain, roles, tenant, session }) {
  return {
    principal: USER,
    action: { type: "Action", id: name },
    resource: { type, id: session },
    context: { name, domain, arguments: args },
    preparsedPolicySetId: ID,
    entities: [{ uid: USER, attrs: { tenant }, parents: roles.map((id) => ({ type: "Role", id })) }],
  };
}

/** @returns undefined where the package is not installed */
export function findCedar() {
  try {
    const cedar = createRequire(import.meta.url)("@cedar-policy/cedar-wasm/nodejs");
    return { cedar, version: cedar.getCedarSDKVersion() };
  } catch {
    return undefined;
  }
}

/** The rules are parsed once, here. @returns what decides a request */
export function openCedar({ cedar }, rules) {
  const parsed = cedar.preparsePolicySet(ID, { staticPolicies: policiesOf(rules) });
  if (parsed.type !== "success") throw new Error(parsed.errors[0].message);
  return (request) => {
    const answer = cedar.statefulIsAuthorized(callOf(request));
    if (answer.type !== "success") throw new Error(answer.errors[0].message);
    return answer.response;
  };
}
