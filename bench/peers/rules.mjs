// One description of rules and requests, from which every engine's own language is generated. A rule has an effect, the
// actions it is about, and a condition in disjunctive normal form: alternatives of terms that must all be true. It keeps to
// what all of the languages have: no regular expressions (Cedar has none), no priorities, no third answer, whole numbers.
// Every request has every attribute, since the engines differ in what an absent one means.
const term = (path, op, value) => ({ path, op, value });
const not = (positive) => ({ ...positive, negated: true });
const hasRole = (role) => term("identity.roles", "has", role);

/** Each makes a pair: what is allowed, and what of it is denied nevertheless. `n` is the number of the pair. */
const SHAPES = [
  (n) => ({
    action: { type: "tool_call", name: `svc${n}.refund` },
    allow: [[not(term("arguments.amount", "gt", 1000))]],
    deny: [[term("arguments.amount", "gt", n % 500), not(hasRole(`lead-${n % 40}`))]],
  }),
  (n) => ({
    action: { type: "http_request" },
    allow: [[term("destination.domain", "eq", `api${n}.example.com`)]],
    deny: [[term("destination.domain", "eq", `api${n}.example.com`), not(term("arguments.method", "eq", "GET"))]],
  }),
  (n) => ({
    action: { type: "file_access", prefix: `fs${n}.` },
    allow: [[term("arguments.path", "startsWith", `/srv/app${n}/`)]],
    deny: [[term("arguments.path", "contains", "..")]],
  }),
  (n) => ({
    action: { type: "sql_query" },
    allow: [[term("arguments.database", "eq", `db${n}`), term("arguments.query", "startsWith", "select ")]],
    deny: [[term("arguments.database", "eq", `db${n}`), term("arguments.query", "contains", "pg_")]],
  }),
  (n) => ({
    action: { type: "message_send" },
    allow: [[term("arguments.to", "endsWith", `@partner${n}.example`)]],
    deny: [[term("arguments.to", "endsWith", `@partner${n}.example`), term("arguments.amount", "gt", n % 1000)]],
  }),
  (n) => ({
    action: { type: "command_exec", prefix: `job${n}-` },
    allow: [[term("identity.tenant", "eq", `tenant-${n % 200}`)], [hasRole("admin")]],
    deny: [[hasRole("contractor")]],
  }),
  (n) => ({
    action: { type: "tool_call", name: `tool${n}` },
    allow: [[hasRole(`team-${n % 50}`), term("arguments.env", "in", ["prod", "staging"])]],
    deny: [[term("arguments.env", "eq", "prod"), not(hasRole(`lead-${n % 40}`))]],
  }),
];

/** Denying beats allowing, the order does not matter, and nothing that applies is a deny: what all of the engines do. */
export function rulesOf(count) {
  return Array.from({ length: count }, (_, nth) => {
    const pair = nth >> 1;
    const { action, ...when } = SHAPES[pair % SHAPES.length](pair);
    const effect = nth % 2 === 0 ? "allow" : "deny";
    return { id: `rule-${nth}`, effect, action, when: when[effect] };
  });
}

export const typesOf = (rules) => [...new Set(rules.map(({ action }) => action.type))];

/** Requests over all rules, one in eleven about nothing that a rule knows. The same ones for the same counts. */
export function requestsOf(count, ruleCount) {
  const random = createRandom(ruleCount);
  const pairs = Math.ceil(ruleCount / 2);
  return Array.from({ length: count }, () => requestOf(random(Math.ceil(pairs * 1.1)), random));
}

function requestOf(pair, random) {
  const pick = (...values) => values[random(values.length)];
  const { action } = SHAPES[pair % SHAPES.length](pair);
  return {
    type: action.type,
    name: action.name ?? `${action.prefix ?? "call-"}${pick("read", "run", "write")}`,
    arguments: {
      amount: random(1200),
      method: pick("GET", "POST", "DELETE"),
      path: `/srv/app${pick(pair, pair, pair + 1)}/${pick("data", "../etc/passwd", "logs/today")}`,
      database: `db${pair}`,
      query: pick("select * from orders", "select * from pg_user", "delete from orders"),
      to: `someone@partner${pair}.example`,
      env: pick("prod", "staging", "test"),
      note: "The customer wrote twice and asks for an answer today. ".repeat(3),
    },
    domain: `api${pair}.example.com`,
    roles: [
      "agent",
      `team-${pick(pair % 50, 7)}`,
      pick(`lead-${pair % 40}`, "clerk"),
      pick("admin", "contractor", "staff"),
    ],
    tenant: `tenant-${pick(pair % 200, 1)}`,
    session: `run-${pair}`,
  };
}

/** Mulberry32: the same numbers in every run. @returns a function that gives a whole number from 0 up to its argument */
function createRandom(seed) {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}
