import { readdirSync, readFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { openWorkerSession } from "../../src/adapters/worker/worker-session.ts";
import { packageRoot } from "../../src/package-root.ts";
import { PACK_FIXTURE_SOURCES, PACK_SOURCES } from "../fixtures/shipped-packs.ts";
import { freshPostgres } from "../shared-servers.ts";
import { type ServiceOptions, startService, type TestedService } from "./service.ts";
import { copyOfShippedRules } from "./temporary-folder.ts";
import { waitFor } from "./wait-for.ts";

const DRY_RUN = "/v1/policy/dry-run";
const REPLAY = "/v1/policy/replay";
const lookup = { action_type: "tool_call", action_name: "crm.get_customer", arguments: { id: "cus_1" } };
const refund = (amount: number) => ({
  action_type: "tool_call",
  action_name: "stripe.refund",
  arguments: { charge: "ch_1", amount },
});

/** Each case uses up its whole budget, some 10 ms. */
function endless(cases: number) {
  const digits = "[0,1,2,3,4,5,6,7,8,9]";
  const loops = "abcdefgh".split("").reduceRight((inner, name) => `${digits}.all(${name}, ${inner})`, "a + h >= 0");
  const content = `version: 1\npolicy: pay\nrules:\n  - { id: slow, decision: deny, reason: Slow., when: "${loops}" }\n`;
  const names = Array.from(
    { length: cases },
    (_, at) => `  - { name: c${at}, request: { action_type: a, action_name: b }, expect: { decision: deny } }\n`,
  );
  return {
    rules: [{ path: "pay.yaml", content }],
    fixtures: [{ path: "pay.test.yaml", content: `cases:\n${names.join("")}` }],
  };
}

/** More than fits into the time that a dry run has. */
const ENDLESS = endless(10_000);

/** Sends a body and answers with what came back so far; `leave` hangs up. */
function begin(service: TestedService, path: string, body: unknown) {
  const { hostname, port } = new URL(service.url);
  const headers = { authorization: `Bearer ${service.keys.admin}`, "content-type": "application/json" };
  const sending = request({ hostname, port, path, method: "POST", headers, agent: false });
  let isAnswered = false;
  const ended = new Promise<void>((resolve) => sending.on("error", () => resolve()).on("close", () => resolve()));
  sending.on("response", (response) => {
    isAnswered = true;
    response.resume();
  });
  sending.end(JSON.stringify(body));
  return {
    isAnswered: () => isAnswered,
    async leave() {
      sending.destroy();
      await ended;
    },
  };
}

const post = (service: TestedService, path: string, body: unknown, key = service.keys.admin) =>
  service.call("POST", path, { key, body });

/** Whether a dry run is under way. A body that is no JSON is refused before anything is begun for it. */
async function isBusy(service: TestedService): Promise<boolean> {
  const headers = { "content-type": "text/plain" };
  const { status } = await service.call("POST", DRY_RUN, { key: service.keys.admin, body: "?", headers });
  return status === 429;
}

async function contentsOf(service: TestedService) {
  const get = async (path: string) => {
    const { status, body } = await service.call("GET", path, { key: service.keys.admin });
    if (status !== 200) throw new Error(`${path}: ${status} ${JSON.stringify(body)}`);
    return body;
  };
  const records = await service.auditRecords();
  return {
    records: records.filter(({ kind }) => kind !== "checkpoint"),
    approvals: await get("/v1/approvals?limit=200"),
    keys: await get("/v1/keys"),
    rules: await get("/v1/policy/rules"),
    deliveries: await get("/v1/webhooks/deliveries?limit=100"),
  };
}

/** Of a service that decided a few hundred times with the shipped rules. */
function describeMode(mode: string, isThere: boolean, options: () => ServiceOptions) {
  describe.skipIf(!isThere)(`in ${mode} mode`, () => {
    let service: TestedService;
    beforeAll(async () => {
      service = await startService({ rulesDir: copyOfShippedRules(), ...options() });
      for (let amount = 0; amount < 60; amount += 1) {
        await service.evaluate(refund(amount));
        await service.evaluate(lookup);
        await service.evaluate({ ...lookup, action_name: "crm.delete_customer" });
      }
      const { body } = await service.call<{ items: { id: string }[] }>("GET", "/v1/approvals", {
        key: service.keys.admin,
      });
      await post(service, `/v1/approvals/${body.items[0]!.id}/deny`, { reason: "No." });
    });

    it("a dry run of the shipped packs passes, names what it ran on, and leaves one event and nothing else", async () => {
      const before = await contentsOf(service);
      const bundle = await post(service, DRY_RUN, {
        rules: PACK_SOURCES,
        fixtures: PACK_FIXTURE_SOURCES,
        coverage: true,
      });
      expect(bundle).toMatchObject({ status: 200, body: { failed: 0, coverage: { rules: { percent: 100 } } } });
      const after = await contentsOf(service);
      const event = after.records.at(-1);
      expect({ ...after, records: after.records.slice(0, -1) }).toEqual(before);
      const { revision, passed } = bundle.body;
      expect(event).toMatchObject({ kind: "policy.dry_run", data: { revision, cases: passed, failed: 0 } });

      const active = await post(service, DRY_RUN, { fixtures: PACK_FIXTURE_SOURCES });
      expect(active).toMatchObject({ status: 200, body: { revision, passed, failed: 0 } });
      expect((await contentsOf(service)).records).toHaveLength(before.records.length + 2);
    });

    it("a replay of the rules that made them finds no difference, and leaves one event and nothing else", async () => {
      const before = await contentsOf(service);
      const { status, body } = await post(service, REPLAY, { rules: PACK_SOURCES });
      const summary = lastLine(body);
      expect([status, summary]).toMatchObject([
        200,
        { type: "summary", decisions: 180, compared: 180, unchanged: 180, changed: 0, undecidable: { count: 0 } },
      ]);
      const after = await contentsOf(service);
      const event = after.records.at(-1);
      expect({ ...after, records: after.records.slice(0, -1) }).toEqual(before);
      expect(event).toMatchObject({ kind: "policy.replay", data: { decisions: 180, changed: 0, is_complete: true } });
    });

    it("a replay of other rules finds the decisions that they change", async () => {
      const rules = PACK_SOURCES.map(({ path, content }) => ({
        path,
        content: content.replaceAll("amount <= 50\n", "amount <= 40\n"),
      }));
      const { body } = await post(service, REPLAY, { rules, examples: 1 });
      expect(lastLine(body)).toMatchObject({
        changed: 10,
        transitions: [{ transition: "allow->approval_required", count: 10, examples: [{}] }],
      });
    });
  });
}

const lastLine = (body: unknown) => JSON.parse(String(body).trimEnd().split("\n").at(-1)!) as Record<string, unknown>;

const databaseUrl = await freshPostgres();
describeMode("embedded", true, () => ({}));
describeMode("server", databaseUrl !== undefined, () => ({ env: { DATABASE_URL: databaseUrl! } }));

describe("beside the decisions", () => {
  let service: TestedService;
  beforeAll(async () => {
    service = await startService();
  });

  it("decisions go on while a dry run burns a processor; a client that hangs up ends it", async () => {
    const dryRun = begin(service, DRY_RUN, ENDLESS);
    await waitFor("the dry run does not begin", () => isBusy(service));
    for (let n = 0; n < 200; n += 1) {
      expect(await service.evaluate(lookup)).toMatchObject({ decision: "allow" });
      expect((await service.call("GET", "/healthz")).status).toBe(200);
    }
    expect(dryRun.isAnswered()).toBe(false);
    await dryRun.leave();
    await waitFor("the dry run does not end", async () => !(await isBusy(service)));
    const small = { rules: ENDLESS.rules, fixtures: endless(1).fixtures };
    expect(await post(service, DRY_RUN, small)).toMatchObject({ status: 200, body: { failed: 1 } });
  });

  it("a bundle that is too large gets an answer that its client can read, whoever sends it", async () => {
    const content = "x".repeat(10 * 1024 * 1024);
    const body = JSON.stringify({ fixtures: [{ path: "a.test.yaml", content }] });
    for (const path of [DRY_RUN, REPLAY]) {
      expect(await post(service, path, body)).toMatchObject({
        status: 413,
        body: { code: "body_too_large", detail: "The body may have 4194304 bytes at most." },
      });
      expect((await service.call("POST", path, { body })).status).toBe(401);
      expect((await post(service, path, body, service.keys.agent)).status).toBe(403);
    }
    expect(await service.evaluate(lookup)).toMatchObject({ decision: "allow" });
  });

  it.each([
    ["a syntax error", { rules: [{ path: "a.yaml", content: "rules: [" }] }, 422, "rules_invalid"],
    [
      "an unknown fixture field",
      { fixtures: [{ path: "a.test.yaml", content: "casez: []" }] },
      422,
      "fixtures_invalid",
    ],
    ["a path that leads elsewhere", { rules: [{ path: "../a.yaml", content: "" }] }, 400, "invalid_request"],
    [
      "more cases than may be",
      { fixtures: [...ENDLESS.fixtures, { ...endless(1).fixtures[0]!, path: "b.test.yaml" }] },
      422,
      "limit_exceeded",
    ],
  ])("%s is answered by the worker as what it is", async (_, part, status, code) => {
    const body = { ...endless(1), ...part };
    expect(await post(service, DRY_RUN, body)).toMatchObject({ status, body: { code, detail: expect.any(String) } });
  });

  it("JUnit's XML is what a client gets that asks for it", async () => {
    const { status, headers, body } = await service.call<string>("POST", DRY_RUN, {
      key: service.keys.admin,
      body: endless(2),
      headers: { accept: "application/junit+xml" },
    });
    expect([status, headers["content-type"]]).toEqual([200, "application/junit+xml; charset=utf-8"]);
    expect(body).toContain('<testsuite name="pay.test.yaml" tests="2" failures="2" errors="0">');
  });

  it("a stop of the service does not wait for a dry run", async () => {
    const stopped = await startService();
    const dryRun = begin(stopped, DRY_RUN, ENDLESS);
    await waitFor("the dry run does not begin", () => isBusy(stopped));
    expect((await stopped.stop()).code).toBe(0);
    await dryRun.leave();
  });
});

it("the built worker is ended when its time is up, with words that say what to do", async () => {
  const session = openWorkerSession({
    entry: new URL(`file://${join(packageRoot, "dist/check-worker.js")}`),
    ...{ what: "the dry run", hint: "Send fewer cases.", timeoutMs: 3000, heapMegabytesMax: 512 },
    signal: new AbortController().signal,
  });
  const bytes = new TextEncoder().encode(JSON.stringify(ENDLESS));
  expect(await session.call("readDryRun", bytes, [bytes.buffer])).toBe(true);
  await expect(session.call("dryRun", { format: "json", active: undefined })).rejects.toMatchObject({
    code: "limit_exceeded",
    detail: "The dry run was stopped after 3 s, which is as long as it may take. Send fewer cases.",
  });
  await session.closed;
});

it.skipIf(process.platform !== "linux")("the worker's thread is nicer than those that decide", async () => {
  const service = await startService();
  const dryRun = begin(service, DRY_RUN, ENDLESS);
  await waitFor("the dry run does not begin", () => isBusy(service));
  await waitFor("no thread is nice", () => nicenesses(service.pid).includes(5));
  expect(nicenesses(service.pid)[0]).toBe(0);
  await dryRun.leave();
});

/** Of each thread, the first one first: proc(5), field 19 of `stat`. */
function nicenesses(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).map((thread) => {
    const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, "utf8");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[16]);
  });
}
