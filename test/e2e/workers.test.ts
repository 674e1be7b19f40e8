import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { EvaluateResponse } from "../../src/model/response.ts";
import { createTestDatabase, startRedis } from "../servers.ts";
import { freshPostgres, ownServer } from "../shared-servers.ts";
import { createLedger } from "./audit-ledger.ts";
import { startAuditLoad } from "./audit-load.ts";
import { proveLog } from "./audit-proof.ts";
import { expectWholeLog } from "./expect-whole-log.ts";
import { createHttpClient } from "./http-client.ts";
import { runToEnd, type ServiceOptions, startService, type TestedService } from "./service.ts";
import { signingKeyFile } from "./start-replicas.ts";
import { SHIPPED_RULES } from "./temporary-folder.ts";
import { waitFor } from "./wait-for.ts";

const server = await freshPostgres();
const redis = await ownServer(startRedis);
const lookup = { action_type: "tool_call", action_name: "crm.get_customer", arguments: { id: "cus_1" } };
const WORKERS = 2;

/** Ready when all workers are. */
async function startWorkers(options: ServiceOptions, workers = WORKERS): Promise<TestedService> {
  const service = await startService({ ...options, env: { VERDICT_WORKERS: String(workers), ...options.env } });
  await waitFor("all workers are ready", () => service.output.includes("all workers are ready"));
  return service;
}

/** Connections are handed to the workers in turn, so each call meets another one. */
async function callOnce<T>(service: TestedService, ...call: Parameters<TestedService["call"]>) {
  const client = createHttpClient(service.url);
  try {
    return await client.call<T>(...call);
  } finally {
    client.close();
  }
}

const ask = async (service: TestedService, body: object, key = service.keys.agent) =>
  (await callOnce<EvaluateResponse>(service, "POST", "/v1/policy/evaluate", { key, body })).body;

async function series(service: TestedService, name: string): Promise<Map<string, number>> {
  const { body } = await callOnce<string>(service, "GET", "/metrics");
  const lines = body.split("\n").filter((line) => line.startsWith(`${name}{`));
  return new Map(lines.map((line) => [/worker="(\d+)"/.exec(line)![1]!, Number(line.slice(line.lastIndexOf(" ")))]));
}

const allArrived = (service: TestedService) =>
  waitFor("all records arrive", async () =>
    [...(await series(service, "verdict_audit_spool_records")).values()].every((count) => count === 0),
  );

/** Of the workers that listen now or did before, in the order of their starts. */
const pidsOf = ({ output }: TestedService) =>
  [...output.matchAll(/"worker":(\d+),"pid":(\d+),"msg":"listening"/g)].map((match) => Number(match[2]));

const isGone = (pid: number) => {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
};

describe.skipIf(server === undefined)("several workers", () => {
  it("keep all that was answered when one is killed under load, and another one takes its place", async () => {
    const { url, drop } = await createTestDatabase(server!);
    const env = { DATABASE_URL: url, VERDICT_AUDIT_CHECKPOINT_RECORDS: "25" };
    const service = await startWorkers({ env });
    const ledger = createLedger();
    const load = startAuditLoad(service, ledger);
    await waitFor("decisions are made", () => ledger.decisions.size > 100);
    process.kill(pidsOf(service)[0]!, "SIGKILL");
    await waitFor("another one takes the place", () => pidsOf(service).length === WORKERS + 1);
    const before = ledger.decisions.size;
    const again = startAuditLoad(service, ledger);
    await waitFor("decisions go on", () => ledger.decisions.size > before + 100);
    load.end();
    again.end();
    await Promise.all([load.over, again.over]);
    await waitFor("it is ready again", async () => (await series(service, "verdict_rules")).size === WORKERS);
    await allArrived(service);
    expect([...(await series(service, "verdict_worker_exits_total")).values()]).toEqual([1, 0]);
    expectWholeLog(await proveLog(service, ledger, url), ledger, WORKERS);
    await drop();
  });

  it("are replaced when one stands still without dying", async () => {
    const { url, drop } = await createTestDatabase(server!);
    const service = await startWorkers({ env: { DATABASE_URL: url } });
    const [stopped] = pidsOf(service);
    process.kill(stopped!, "SIGSTOP");
    await waitFor("another one takes the place", () => pidsOf(service).length === WORKERS + 1, 60_000);
    expect(service.output).toContain('"worker":1,"msg":"a worker does not answer any more and is ended"');
    expect(isGone(stopped!)).toBe(true);
    await waitFor("it is ready again", async () => (await series(service, "verdict_rules")).size === WORKERS);
    expect((await service.stop()).code).toBe(0);
    await drop();
  });

  it("leave nothing behind when there are fewer of them: what waits in the others' folders is signed and moved", async () => {
    const { url, drop } = await createTestDatabase(server!);
    const env = { DATABASE_URL: url, VERDICT_AUDIT_CHECKPOINT_RECORDS: "25" };
    const many = await startWorkers({ env }, 3);
    const ledger = createLedger();
    const load = startAuditLoad(many, ledger);
    await waitFor("decisions are made", () => ledger.decisions.size > 200);
    await many.kill();
    await load.over;
    await waitFor("the workers are gone with who started them", () => pidsOf(many).every(isGone));

    const one = await startService({ env, dataDir: many.dataDir });
    const isRetired = (number: number) => existsSync(join(many.dataDir, "workers", String(number), "spool.retired"));
    await waitFor("the folders are empty", () => [1, 2, 3].every(isRetired));
    await one.evaluate(lookup);

    await one.stop();
    const two = await startWorkers({ env, dataDir: many.dataDir });
    await waitFor("so is that of the one", () => existsSync(join(many.dataDir, "spool.retired")));
    expect([1, 2, 3].map(isRetired)).toEqual([false, false, true]);
    await ask(two, lookup);
    await allArrived(two);
    expectWholeLog(await proveLog(two, ledger, url), ledger, 4);
    await drop();
  });

  it("stop together, having answered what was under way, and Ctrl-C is as good", async () => {
    const env = { DATABASE_URL: server! };
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      const service = await startWorkers({ env });
      const pids = pidsOf(service);
      expect(pids).toHaveLength(WORKERS);
      // A terminal tells all of them.
      if (signal === "SIGINT") for (const pid of pids) process.kill(pid, signal);
      expect((await service.stop(signal)).code).toBe(0);
      expect(pids.every(isGone)).toBe(true);
      expect(service.output.match(/"msg":"stopped"/g)).toHaveLength(WORKERS + 1);
      expect(readdirSync(service.dataDir)).not.toContain("verdict.lock");
    }
  });

  it("say once what is wrong when they cannot start, and none is left", async () => {
    const env = { DATABASE_URL: server!, VERDICT_WORKERS: "3" };
    const service = await startService({ env });
    const exit = await runToEnd({ env, listen: new URL(service.url).host });
    expect(exit.code).toBe(1);
    expect(exit.output.match(/Verdict cannot start/g)).toHaveLength(1);
    expect(exit.output).toContain("something else listens there");
    const same = await runToEnd({ env, dataDir: service.dataDir });
    expect([same.code, same.output]).toEqual([1, expect.stringContaining(`is in use by process ${service.pid}`)]);
    expect(same.output).toContain(`listening on ${service.url}`);
  });
});

it("several workers need server mode", async () => {
  const { code, output } = await runToEnd({ env: { VERDICT_WORKERS: "2" } });
  expect([code, output]).toEqual([1, expect.stringContaining("VERDICT_WORKERS: more than 1 without DATABASE_URL")]);
});

describe.skipIf(server === undefined)("to clients several workers are one service, without Redis too", () => {
  let service: TestedService;
  let database: Awaited<ReturnType<typeof createTestDatabase>>;
  beforeAll(async () => {
    database = await createTestDatabase(server!);
    service = await startWorkers({ env: { DATABASE_URL: database.url, VERDICT_KEY_REFRESH_MS: "60000" } });
  });
  afterAll(async () => {
    await service.stop();
    await database.drop();
  });

  it("both decide, and the metrics show both, whoever is asked", async () => {
    for (let nth = 0; nth < 4; nth += 1) expect(await ask(service, lookup)).toMatchObject({ decision: "allow" });
    const { body } = await callOnce<string>(service, "GET", "/metrics");
    const allows = /^verdict_decisions_total\{decision="allow",reason_code="rule_matched",worker="\d"\} (\d+)$/gm;
    const counts = [...body.matchAll(allows)].map((match) => Number(match[1]));
    expect(counts).toEqual([2, 2]);
  });

  it("what one has answered is found at the other at once", async () => {
    for (let nth = 0; nth < 4; nth += 1) {
      const { request_id: id } = await ask(service, lookup);
      const found = await callOnce(service, "GET", `/v1/policy/evaluations/${id}`, { key: service.keys.agent });
      expect(found).toMatchObject({ status: 200, body: { request_id: id } });
    }
  });

  it("a key that was made or revoked at one is known to the other by its news, not by looking", async () => {
    const body = { identity: { name: "support", roles: ["support"] }, roles: ["agent"] };
    const made = await callOnce<{ id: string; key: string }>(service, "POST", "/v1/keys", {
      key: service.keys.admin,
      body,
    });
    const both = async (code: string | undefined) => {
      const answers = await Promise.all([0, 1].map(() => ask(service, lookup, made.body.key)));
      return answers.every((answer) => (answer as { code?: string }).code === code);
    };
    await waitFor("both know the key", () => both(undefined));
    await callOnce(service, "DELETE", `/v1/keys/${made.body.id}`, { key: service.keys.admin });
    await waitFor("both know that it is revoked", () => both("key_revoked"));
  });
});

describe.skipIf(server === undefined || redis === undefined)("two replicas of two workers each", () => {
  const actions = [
    lookup,
    { action_type: "sql_query", action_name: "orders-db", arguments: { query: "select 1; drop table customers" } },
    { action_type: "command_exec", action_name: "bash", arguments: { command: "git status && rm -fr /srv" } },
    { action_type: "command_exec", action_name: "bash", arguments: { command: "git status" } },
    { action_type: "tool_call", action_name: "stripe.refund", arguments: { charge: "ch_1", amount: 20 } },
    { action_type: "tool_call", action_name: "stripe.refund", arguments: { charge: "ch_1", amount: 120 } },
    { action_type: "tool_call", action_name: "stripe.refund", arguments: { charge: "ch_1" } },
    { action_type: "http_request", action_name: "GET", destination: { url: "http://169.254.169.254/latest" } },
    { action_type: "nothing_known", action_name: "x" },
  ];
  const strip = ({ request_id: _, latency_ms: __, ...decision }: EvaluateResponse) => decision;

  it("answer as one process does, open one approval for all, and use what was granted once", async () => {
    const { url, drop } = await createTestDatabase(server!);
    const options = {
      rulesDir: SHIPPED_RULES,
      env: { DATABASE_URL: url, REDIS_URL: redis!.url, VERDICT_AUDIT_SIGNING_KEY_FILE: signingKeyFile() },
    };
    const one = await startService(options);
    const replicas = await Promise.all([startWorkers(options), startWorkers(options)]);
    for (const replica of replicas) replica.useKeys(one.keys);

    for (const action of actions) {
      const expected = strip(await ask(one, action));
      for (const replica of [...replicas, ...replicas]) expect(strip(await ask(replica, action))).toEqual(expected);
    }

    const { approval } = await ask(one, actions[5]!);
    const path = `/v1/approvals/${approval!.id}/approve`;
    const approved = await callOnce(replicas[0]!, "POST", path, { key: one.keys.admin, body: {} });
    expect(approved.status).toBe(200);
    const again = { ...actions[5], approval_id: approval!.id };
    const uses = await Promise.all([0, 1, 2, 3, 4, 5].map((nth) => ask(replicas[nth % 2]!, again)));
    expect(uses.filter(({ decision }) => decision === "allow")).toHaveLength(1);
    expect(uses.filter(({ reason_code: code }) => code === "approval_consumed")).toHaveLength(5);

    for (const each of [one, ...replicas]) await each.stop();
    await drop();
  });
});
