import { join } from "node:path";
import { fillAuditLog } from "../audit-log-fill.mjs";
import { makeDatabase, startVerdict } from "../processes.mjs";
import { sourcesOf } from "../rule-set.mjs";
import { getJson, latenciesOf } from "./measure.mjs";

const CALLS = 100;

/** Searches of an audit log of many rows, through the service, one after the other. */
export async function growAuditLog(report, { databaseUrl, auditRows }) {
  const database = await makeDatabase(databaseUrl);
  const env = { DATABASE_URL: database.url };
  const first = await startVerdict({ sources: sourcesOf(10, 1), env });
  await first.stop();
  await fillAuditLog({ databaseUrl: database.url, dataDir: join(first.directory, "data"), records: auditRows });
  const verdict = await startVerdict({ sources: sourcesOf(10, 1), env, directory: first.directory });
  report.text(`## Audit log of ${auditRows.toLocaleString("en")} rows, a page of 50`);
  const search = async (query) => {
    const found = await getJson(verdict, `/v1/audit?${new URLSearchParams(query)}`, verdict.keys.admin);
    return found.items;
  };
  const now = Date.now();
  const timeAt = (share) => new Date(now - auditRows * (1 - share)).toISOString();
  const [newest] = await search({ kind: "decision" });
  const rows = [];
  for (const [name, query] of Object.entries({
    "the newest": () => ({}),
    "from the middle on, backwards": (n) => ({ to: timeAt(0.5 + n / 1e4) }),
    "of an identity (one in 20)": (n) => ({ identity: `agent-${n % 20}` }),
    "of an action (one in 50)": (n) => ({ action_name: `crm.get_customer_${n % 50}` }),
    "of a rule that decided all": () => ({ rule_id: "lookup/lookup" }),
    "denied (none)": () => ({ decision: "deny" }),
    "of an identity nobody has": (n) => ({ identity: `nobody-${n}` }),
    "of an identity, in a minute of long ago": (n) => ({
      identity: `agent-${n % 20}`,
      from: timeAt(0.1),
      to: new Date(now - auditRows * 0.9 + 60_000).toISOString(),
    }),
  })) {
    let found = 0;
    const [p50, p99, max] = await latenciesOf(CALLS, async (nth) => {
      found = (await search(query(nth))).length;
    });
    rows.push([name, String(found), p50.toFixed(1), p99.toFixed(1), max.toFixed(1)]);
  }
  const one = await latenciesOf(CALLS, () => getJson(verdict, `/v1/audit/${newest.id}`, verdict.keys.admin));
  rows.push(["one by its id", "1", ...one.map((value) => value.toFixed(1))]);
  report.table(["search", "found", "p50 ms", "p99 ms", "max ms"], rows);
  await verdict.stop();
  verdict.remove();
  await database.drop();
}
