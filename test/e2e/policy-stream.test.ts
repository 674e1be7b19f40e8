import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { freshPostgres, sharedRedis } from "../shared-servers.ts";
import { followPolicy } from "./policy-follower.ts";
import { startService, type TestedService } from "./service.ts";
import { startReplicas } from "./start-replicas.ts";
import { smallRules } from "./temporary-folder.ts";
import { waitFor } from "./wait-for.ts";

const LOOKUP = { action_type: "tool_call", action_name: "crm.get_customer", arguments: { id: "cus_1" } };

async function createKey(on: TestedService) {
  const body = { identity: { name: "support" }, roles: ["agent"] };
  const { body: made } = await on.call<{ id: string; key: string }>("POST", "/v1/keys", { key: on.keys.admin, body });
  return made;
}
const revoke = (on: TestedService, id: string) => on.call("DELETE", `/v1/keys/${id}`, { key: on.keys.admin });
const refusal = async (on: TestedService, key: string) =>
  (await on.call("POST", "/v1/policy/evaluate", { key, body: LOOKUP })).body.code;

describe("who follows the policy of a service", () => {
  it("hears of edited rules and of a revoked key, and is let go by a stop", async () => {
    const rulesDir = smallRules();
    const service = await startService({ rulesDir });
    const other = await createKey(service);
    const follower = await followPolicy(service.url, service.keys.agent);
    const revoked = await followPolicy(service.url, other.key);

    const { policy_revision: before } = await service.evaluate(LOOKUP);
    await waitFor("the first revision", () => follower.events.length === 1);
    expect(follower.events).toEqual([["revision", { policy_revision: before }]]);

    const file = join(rulesDir, "lookup.yaml");
    writeFileSync(file, readFileSync(file, "utf8").replace("decision: allow", "decision: deny"));
    await waitFor("the other revision", () => follower.events.length === 2);
    const { policy_revision: after, decision } = await service.evaluate(LOOKUP);
    expect([follower.events[1], decision]).toEqual([["revision", { policy_revision: after }], "deny"]);

    await revoke(service, other.id);
    await waitFor("the revocation", () => follower.events.length === 3 && revoked.hasEnded);
    expect(follower.events[2]).toEqual(["revoked", {}]);
    expect(revoked.events).toHaveLength(2);
    expect(await refusal(service, other.key)).toBe("key_revoked");
    expect((await followPolicy(service.url, other.key)).status).toBe(401);

    expect((await service.stop()).code).toBe(0);
    await waitFor("the end of the stream", () => follower.hasEnded);
  });
});

const databases = [await freshPostgres(), await freshPostgres()];
const redis = await sharedRedis();

describe.skipIf(databases[0] === undefined || redis === undefined)("who follows the policy of one replica", () => {
  it.each([
    ["with Redis", databases[0]!, { REDIS_URL: redis! }],
    ["without Redis", databases[1]!, { VERDICT_KEY_REFRESH_MS: "100" }],
  ])("hears of a key that was revoked on the other, %s", async (_, url, env) => {
    const [one, other] = await startReplicas(2, { env: { DATABASE_URL: url, ...env } });
    const { id, key } = await createKey(one!);
    await waitFor("the key works", async () => (await refusal(other!, key)) === undefined);
    const follower = await followPolicy(other!.url, other!.keys.agent);
    await waitFor("the first revision", () => follower.events.length === 1);
    await revoke(one!, id);
    await waitFor("the revocation", () => follower.events.some(([type]) => type === "revoked"));
    expect(await refusal(other!, key)).toBe("key_revoked");
    for (const replica of [one!, other!]) await replica.stop();
  });
});
