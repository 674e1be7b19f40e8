import { existsSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { createTestDatabase, freePort, startRedis } from "../servers.ts";
import { freshPostgres, ownServer } from "../shared-servers.ts";
import { startService, type TestedService } from "./service.ts";
import { waitFor } from "./wait-for.ts";

interface CreatedKey {
  readonly id: string;
  readonly key: string;
}

const lookup = { action_type: "tool_call", action_name: "crm.get_customer", arguments: { id: "cus_1" } };
/** Far longer than any wait here: what is noticed sooner was not noticed by polling. */
const NO_POLLING = { VERDICT_KEY_REFRESH_MS: "60000" };

const server = await freshPostgres();
const redis = await ownServer(startRedis);

describe.skipIf(server === undefined || redis === undefined)("two replicas on one database", () => {
  /** Both at once, on an empty database, each with a data directory of its own. */
  async function startBoth(env: Record<string, string>): Promise<[TestedService, TestedService]> {
    const { url } = await createTestDatabase(server!);
    const both = await Promise.all([0, 1].map(() => startService({ env: { DATABASE_URL: url, ...env } })));
    const [maker, other] = hasKeys(both[0]!) ? [both[0]!, both[1]!] : [both[1]!, both[0]!];
    other.useKeys(maker.keys);
    return [maker, other];
  }

  const hasKeys = ({ dataDir }: TestedService) => existsSync(join(dataDir, "initial-keys.json"));

  async function createKey(on: TestedService): Promise<CreatedKey> {
    const body = { identity: { name: "support", roles: ["support"] }, roles: ["agent"] };
    const answer = await on.call<CreatedKey>("POST", "/v1/keys", { key: on.keys.admin, body });
    expect(answer.status).toBe(201);
    return answer.body;
  }

  async function revoke(on: TestedService, { id }: CreatedKey): Promise<void> {
    expect((await on.call("DELETE", `/v1/keys/${id}`, { key: on.keys.admin })).status).toBe(200);
  }

  const ask = (on: TestedService, { key }: CreatedKey) => on.call("POST", "/v1/policy/evaluate", { key, body: lookup });
  const works = (on: TestedService, key: CreatedKey) =>
    waitFor("the key works", async () => (await ask(on, key)).status === 200);
  const isRevoked = (on: TestedService, key: CreatedKey) =>
    waitFor("the key is revoked", async () => (await ask(on, key)).body.code === "key_revoked");

  describe("that start at once", () => {
    let maker: TestedService;
    let other: TestedService;
    beforeAll(async () => {
      [maker, other] = await startBoth({ REDIS_URL: redis!.url, ...NO_POLLING });
    });

    it("make the first keys once, and both accept them", async () => {
      expect([hasKeys(maker), hasKeys(other)]).toEqual([true, false]);
      await waitFor("the keys are printed", () => maker.output.includes(maker.keys.agent));
      expect(other.output).not.toContain("vdt_");
      const { body } = await other.call<{ items: unknown[] }>("GET", "/v1/keys", { key: maker.keys.admin });
      expect(body.items).toHaveLength(3);
      for (const replica of [maker, other]) expect(await replica.evaluate(lookup)).toMatchObject({ decision: "allow" });
    });

    it("give the same decision under the same revision", async () => {
      const strip = ({ request_id: _, latency_ms: __, ...decision }: Awaited<ReturnType<TestedService["evaluate"]>>) =>
        decision;
      expect(strip(await maker.evaluate(lookup))).toEqual(strip(await other.evaluate(lookup)));
    });

    it("accept a key at once that was created on the other, and refuse it at once when it was revoked there", async () => {
      const key = await createKey(maker);
      await works(other, key);
      await revoke(other, key);
      expect((await ask(other, key)).body).toMatchObject({ code: "key_revoked", decision: "deny" });
      await isRevoked(maker, key);
    });

    it("see each other's decisions in one log", async () => {
      const asked = await other.evaluate({ ...lookup, session_id: "shared" });
      const seen = await waitFor("the record", async () => {
        const records = await maker.auditRecords("session_id=shared");
        return records.length > 0 && records;
      });
      expect(seen.map(({ id }) => id)).toEqual([asked.request_id]);
    });
  });

  it("without a Redis that answers: key changes are noticed by polling", async () => {
    const nobody = `redis://127.0.0.1:${await freePort()}`;
    const [maker, other] = await startBoth({ REDIS_URL: nobody, VERDICT_KEY_REFRESH_MS: "100" });
    const key = await createKey(maker);
    await works(other, key);
    await revoke(maker, key);
    await isRevoked(other, key);
    expect(other.output).toContain("key changes are noticed by polling");
  });

  it("with a Redis that is down at start and later: they decide, and catch up as soon as it is back", async () => {
    await redis!.stop();
    const [maker, other] = await startBoth({ REDIS_URL: redis!.url, ...NO_POLLING });
    expect(await other.evaluate(lookup)).toMatchObject({ decision: "allow" });
    const early = await createKey(maker);
    await redis!.start();
    await works(other, early);

    await redis!.stop("SIGKILL");
    const late = await createKey(maker);
    expect(await other.isReady()).toBe(true);
    expect(await other.evaluate(lookup)).toMatchObject({ decision: "allow" });
    await revoke(maker, early);
    await redis!.start();
    await works(other, late);
    await isRevoked(other, early);
  });
});
