// The rules and requests that every benchmark uses: what rule authors write, at any number of rules.
const ACTIONS = ["tool_call", "http_request", "sql_query", "command_exec", "file_access", "message_send"];

/** What rule authors write: an action or two, a condition of some terms, most of them about a path that can be absent. */
const SHAPES = [
  (n) => [
    `{ type: tool_call, name: "svc${n}.refund" }`,
    `arguments.amount > ${n % 500}.0 && !("lead-${n % 40}" in identity.roles)`,
  ],
  (n) => [`{ type: http_request }`, `destination.domain == "api${n}.example.com" && arguments.method != "GET"`],
  (n) => [
    `{ type: [file_access, tool_call], name: "fs${n}.*" }`,
    `arguments.path.startsWith("/srv/app${n}/") && !arguments.path.contains("..")`,
  ],
  (n) => [
    `{ type: sql_query }`,
    `arguments.database == "db${n}" && arguments.query.matches("(?i)^\\\\s*(drop|truncate)\\\\s+t${n}")`,
  ],
  (n) => [
    `{ type: message_send }`,
    `arguments.to.endsWith("@partner${n}.example") && size(arguments.body) > ${n % 1000}`,
  ],
  (n) => [`{ name: "job${n}-*" }`, `identity.tenant == "tenant-${n % 200}" || "admin" in identity.roles`],
  (n) => [
    undefined,
    `action_name == "tool${n}" && "team-${n % 50}" in identity.roles && arguments.env in ["prod", "staging"]`,
  ],
];
const DECISIONS = ["deny", "approval_required", "allow"];

function ruleText(n, mark = "") {
  const [action, when] = SHAPES[n % SHAPES.length](n);
  return `  - id: rule-${n}
    name: Rule number ${n}
    description: Keeps what team ${n % 50} agreed on; see the register of decisions.
${action === undefined ? "" : `    action: ${action}\n`}    when: >-
      ${when}
    decision: ${DECISIONS[n % 3]}
    reason: Rule ${n} stops this because of an agreement${mark}. Ask team ${n % 50}.
    priority: ${n % 5}
`;
}

function fileOf(policy, from, to, changed) {
  const parts = [`version: 1\npolicy: ${policy}\nrules:\n`];
  for (let n = from; n < to; n++) parts.push(ruleText(n, n === changed ? " (changed)" : ""));
  return parts.join("");
}

export function sourcesOf(count, files, changed) {
  const each = Math.ceil(count / files);
  return Array.from({ length: files }, (_, nth) => ({
    path: `rules-${String(nth).padStart(3, "0")}.yaml`,
    content: fileOf(`p${nth}`, nth * each, Math.min(count, (nth + 1) * each), changed),
  }));
}

export function activationOf(n) {
  const tool = n % SHAPES.length;
  return {
    action_type: ACTIONS[n % ACTIONS.length],
    action_name: [`svc${n}.refund`, "POST /v1/x", `fs${n}.read`, "psql", "mail", `job${n}-run`, `tool${n}`][tool],
    arguments: {
      amount: n,
      method: "POST",
      path: `/srv/app${n}/x`,
      database: `db${n}`,
      query: "select 1",
      to: `a@partner${n}.example`,
      body: "hello",
      env: "prod",
    },
    // Every third action goes nowhere: the domain is absent.
    destination: n % 3 === 0 ? {} : { domain: `api${n}.example.com`, scheme: "https", port: 443 },
    identity: { name: "agent", roles: ["agent", `team-${n % 50}`], tenant: `tenant-${n % 200}`, attributes: {} },
    session: { id: "s" },
    context: {},
    request: { id: "r", time: 0 },
    now: 0,
  };
}

/** The same as a body of `POST /v1/policy/evaluate`, about 600 bytes. */
export function requestOf(n) {
  const { action_type, action_name, arguments: args, destination } = activationOf(n);
  const context = {
    framework: "langgraph",
    protocol: "mcp",
    intent: "settle the customer's request about a late delivery",
  };
  return {
    action_type,
    action_name,
    arguments: { ...args, note: "The customer wrote twice and asks for an answer today. ".repeat(3) },
    destination,
    session_id: `run-${n}`,
    context,
  };
}

/**
 * Requests over all of so many rules, as JSON. Every third rule denies, and these are about one of those: a request that asks a
 * person costs what an approval costs, which is not what most benchmarks are about.
 */
export function bodiesOver(ruleCount, count = 64) {
  return Array.from({ length: count }, (_, n) =>
    JSON.stringify(requestOf(3 * Math.floor((n * ruleCount) / (3 * count)))),
  );
}
