import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { EvaluateResponse } from "../../src/model/response.ts";
import { createTestDatabase, startPostgres } from "../servers.ts";
import { freshPostgres, ownServer } from "../shared-servers.ts";
import { startService, type TestedService } from "./service.ts";
import { mountSmallDisk } from "./small-disk.ts";
import { waitFor } from "./wait-for.ts";

interface Ready {
  readonly status: string;
  readonly checks: Readonly<Record<string, { readonly status: string; readonly detail?: string }>>;
}

const lookup = { action_type: "tool_call", action_name: "crm.get_customer", arguments: { id: "cus_1" } };
const large = { ...lookup, context: { padding: "x".repeat(200_000) } };

const postgres = await ownServer(startPostgres);
const steady = await freshPostgres();

const readiness = async (service: TestedService) => {
  const { status, body } = await service.call<Ready>("GET", "/readyz");
  return { ...body, httpStatus: status };
};
const databaseIs = (service: TestedService, state: "up" | "down") =>
  waitFor(`the database is shown as ${state}`, async () => {
    const ready = await readiness(service);
    return ready.checks.database?.status === state && ready;
  });
const decisionIds = async (service: TestedService) => (await service.auditRecords("kind=decision")).map(({ id }) => id);

/** Asks until the answer is another one; gives all answers. */
async function evaluateUntil(service: TestedService, isLast: (answer: EvaluateResponse) => boolean, request: object) {
  const answers: EvaluateResponse[] = [];
  await waitFor("the answer that was waited for", async () => {
    const answer = await service.evaluate(request);
    answers.push(answer);
    return isLast(answer);
  });
  return answers;
}

const isRecorded = ({ reason_code }: EvaluateResponse) => reason_code !== "audit_unavailable";

describe.skipIf(postgres === undefined)("a database that goes away", () => {
  let env: { DATABASE_URL: string };
  beforeEach(async () => {
    await postgres!.start();
    env = { DATABASE_URL: (await createTestDatabase(postgres!.url)).url };
  });
  afterEach(() => postgres?.start());

  it("down at start: the service answers, denies as not ready, and gets ready when the database comes", async () => {
    await postgres!.stop();
    const service = await startService({ env, until: "listening" });
    const early = await service.call("POST", "/v1/policy/evaluate", { key: "vdt_any", body: lookup });
    expect(early).toMatchObject({ status: 503, body: { code: "not_ready", decision: "deny" } });
    expect(early.headers["retry-after"]).toBe("1");
    expect(await readiness(service)).toMatchObject({
      httpStatus: 503,
      status: "not_ready",
      checks: { keys: { status: "down" } },
    });
    expect((await service.call("GET", "/healthz")).status).toBe(200);

    await postgres!.start();
    await waitFor("it gets ready", service.isReady);
    const answer = await service.evaluate(lookup);
    expect(answer.decision).toBe("allow");
    expect(await decisionIds(service)).toEqual([answer.request_id]);
  });

  it.each(["SIGTERM", "SIGKILL"] as const)(
    "down later (%s): decisions go on, reads are a 503, nothing is lost or doubled when it is back",
    async (signal) => {
      const service = await startService({ env });
      const before = await service.evaluate(lookup);
      await postgres!.stop(signal);

      const during: EvaluateResponse[] = [];
      for (let count = 0; count < 50; count += 1) during.push(await service.evaluate(lookup));
      expect(new Set(during.map(({ decision }) => decision))).toEqual(new Set(["allow"]));

      const shown = await databaseIs(service, "down");
      expect(shown).toMatchObject({
        httpStatus: 200,
        status: "ready",
        checks: { database: { detail: expect.stringMatching(/\d+ audit records/) } },
      });
      const { admin } = service.keys;
      for (const path of ["/v1/audit", `/v1/audit/${before.request_id}`, "/v1/keys"]) {
        const { status, body } = await service.call("GET", path, { key: admin });
        expect([path, status, body.code]).toEqual([path, 503, "storage_unavailable"]);
      }
      const key = { identity: { name: "new" }, roles: ["agent"] };
      const refused = await service.call("POST", "/v1/keys", { key: admin, body: key });
      expect([refused.status, refused.body.code]).toEqual([503, "storage_unavailable"]);

      await postgres!.start();
      await databaseIs(service, "up");
      const ids = [before, ...during].map(({ request_id }) => request_id);
      expect(await decisionIds(service)).toEqual(ids.sort());
    },
  );

  it("down over a restart of the service: what waited in the spool arrives once", async () => {
    const first = await startService({ env });
    await postgres!.stop();
    const answers: EvaluateResponse[] = [];
    for (let count = 0; count < 20; count += 1) answers.push(await first.evaluate(lookup));
    await first.kill();

    const second = await startService({ env, dataDir: first.dataDir, until: "listening" });
    const early = await second.call("POST", "/v1/policy/evaluate", { key: second.keys.agent, body: lookup });
    expect([early.status, early.body.code]).toEqual([503, "not_ready"]);
    await postgres!.start();
    await waitFor("it gets ready", second.isReady);
    expect(await decisionIds(second)).toEqual(answers.map(({ request_id }) => request_id).sort());
  });

  it("hanging: decisions do not wait for it", async () => {
    const service = await startService({ env });
    await postgres!.stop("SIGSTOP");
    const answers: EvaluateResponse[] = [];
    for (let count = 0; count < 50; count += 1) answers.push(await service.evaluate(lookup));
    postgres!.resume();
    expect(await decisionIds(service)).toEqual(answers.map(({ request_id }) => request_id).sort());
  });

  it("gone for so long that the spool's budget is used up: denies, and goes on when it is back", async () => {
    const service = await startService({ env: { ...env, VERDICT_AUDIT_SPOOL_BYTES_MAX: "1MiB" } });
    await postgres!.stop();
    const answers = await evaluateUntil(service, (answer) => !isRecorded(answer), large);
    expect(answers.at(-1)).toMatchObject({ decision: "deny", reason_code: "audit_unavailable", rules: [] });
    expect(await service.evaluate(large)).toMatchObject({ decision: "deny", reason_code: "audit_unavailable" });
    const reload = await service.call("POST", "/v1/policy/reload", { key: service.keys.admin });
    // Nothing changed, so there was nothing to record.
    expect(reload.status).toBe(200);

    await postgres!.start();
    const later = await evaluateUntil(service, isRecorded, large);
    expect(later.at(-1)).toMatchObject({ decision: "allow" });
    const recorded = [...answers, ...later].filter(isRecorded).map(({ request_id }) => request_id);
    expect(await decisionIds(service)).toEqual(recorded.sort());
  });
});

const disk = mountSmallDisk();
describe.skipIf(disk === undefined || steady === undefined)("a full disk", () => {
  it("turns every answer into a deny, and allows again as soon as there is space", async () => {
    const service = await startService({ dataDir: join(disk!.path, "data"), env: { DATABASE_URL: steady! } });
    const answers = [await service.evaluate(lookup)];
    expect(answers[0]?.decision).toBe("allow");

    disk!.fill();
    const padded = { ...lookup, context: { padding: "x".repeat(8_192) } };
    answers.push(...(await evaluateUntil(service, (answer) => !isRecorded(answer), padded)));
    expect(answers.at(-1)).toMatchObject({ decision: "deny", reason_code: "audit_unavailable" });

    disk!.free();
    answers.push(...(await evaluateUntil(service, isRecorded, padded)));
    expect(answers.at(-1)).toMatchObject({ decision: "allow" });

    // What was refused never shows up, not even after a restart.
    expect((await service.stop()).code).toBe(0);
    const second = await startService({ dataDir: service.dataDir, env: { DATABASE_URL: steady! } });
    const recorded = answers.filter(isRecorded).map(({ request_id }) => request_id);
    expect(await decisionIds(second)).toEqual(recorded.sort());
  });
});
