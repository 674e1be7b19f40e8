import { askEach } from "../http-load.mjs";
import { cpuOf, makeDatabase, startVerdict } from "../processes.mjs";
import { getJson, latenciesOf } from "./measure.mjs";

const IDENTITIES = 100;
const CALLS = 200;
const SOURCES = [
  {
    path: "approvals.yaml",
    content: `version: 1
policy: payments
rules:
  - id: refund
    action: { type: tool_call, name: stripe.refund }
    when: arguments.amount > 50
    decision: approval_required
    reason: Refunds above $50 need a person.
    approval: { timeout: 1h }
`,
  },
];

/** Approvals that wait at the same time: opening them at once, finding them again, and listing them. */
export async function growApprovals(report, { databaseUrl, approvals }) {
  report.text("## Pending approvals, server mode, in PostgreSQL");
  const database = await makeDatabase(databaseUrl);
  const env = { DATABASE_URL: database.url, VERDICT_APPROVALS_PENDING_MAX: "10000" };
  const verdict = await startVerdict({ sources: SOURCES, env });
  const asking = {
    ...verdict,
    path: "/v1/policy/evaluate",
    headers: { authorization: `Bearer ${verdict.keys.gateway}` },
  };
  const rows = [];
  let pending = 0;
  for (const count of [1, 10, 100].map((part) => Math.ceil(approvals / 100) * part)) {
    const [cpu, startedAt] = [cpuOf(verdict.pid), performance.now()];
    const opened = count - pending;
    const bodies = Array.from({ length: opened }, (_, nth) => bodyOf(pending + nth));
    assertPending(await askEach(asking, bodies));
    const each = (cpuOf(verdict.pid) - cpu) / opened;
    const perSecond = (opened * 1000) / (performance.now() - startedAt);
    pending = count;
    const one = await latenciesOf(CALLS, async (nth) =>
      assertPending(await askEach(asking, [bodyOf((nth * 7919) % pending)])),
    );
    const list = await latenciesOf(CALLS, () => getJson(verdict, "/v1/approvals?status=pending", verdict.keys.admin));
    const ms = ([p50, p99]) => `${p50.toFixed(1)} / ${p99.toFixed(1)} ms`;
    rows.push([count.toLocaleString("en"), each.toFixed(0), perSecond.toFixed(0), ms(one), ms(list)]);
  }
  report.table(
    ["pending", "opened, us CPU each", "opened/s", "asked again, p50 / p99", "a page of 50, p50 / p99"],
    rows,
  );
  await verdict.stop();
  verdict.remove();
  await database.drop();
}

function bodyOf(n) {
  return JSON.stringify({
    action_type: "tool_call",
    action_name: "stripe.refund",
    arguments: { charge: `ch_${n}`, amount: 120 },
    identity: { name: `agent-${n % IDENTITIES}`, roles: ["support"] },
  });
}

function assertPending(answers) {
  const wrong = answers.find((answer) => !answer.includes('"decision":"approval_required"'));
  if (wrong !== undefined) throw new Error(`no approval was opened: ${wrong}`);
}
