import { describe, expect, it } from "vitest";
import { createTestDatabase, startRedis } from "../servers.ts";
import { freshPostgres, ownServer } from "../shared-servers.ts";
import { type RaceCounts, raceForApprovals } from "./approval-races.ts";
import { refundRules } from "./approval-scene.ts";
import { verifyOnline } from "./audit-proof.ts";
import { startReplicas } from "./start-replicas.ts";

/** `scripts/approval-races.mjs` asks for more. */
const COUNT = Number(process.env.APPROVAL_RACES ?? 150);

const server = await freshPostgres();
const redis = await ownServer(startRedis);

describe.each([
  { queue: "Redis", isThere: redis !== undefined, env: { REDIS_URL: redis?.url ?? "" } },
  { queue: "PostgreSQL", isThere: true, env: {} },
])("two replicas with their approvals in $queue", ({ queue, isThere, env }) => {
  it.skipIf(server === undefined || !isThere)(
    "resolve each approval once and grant it once, whoever races for it, and log exactly that",
    async () => {
      const { url } = await createTestDatabase(server!);
      const replicas = await startReplicas(2, {
        rulesDir: refundRules(),
        env: { DATABASE_URL: url, VERDICT_APPROVALS_PENDING_MAX: "10000", ...env },
      });
      const counts = await raceForApprovals([replicas[0]!, replicas[1]!], COUNT);
      console.log(`${queue}: ${describeCounts(counts)}`);
      expect(counts).toMatchObject({
        approvals: COUNT,
        resolvedTwice: [],
        allowedTwice: [],
        allowedWithoutGrant: [],
        loggedOtherwise: [],
      });
      // Worth it only when every end was raced for.
      for (const [end, times] of Object.entries(counts.ended)) expect([end, times > 0]).toEqual([end, true]);
      expect(counts.allowed).toBeGreaterThan(0);
      expect(await verifyOnline(replicas[0]!)).toMatchObject({ valid: true });
    },
    60_000 + COUNT * 100,
  );
});

function describeCounts({ approvals, ended, told, allowed, records, ...wrong }: RaceCounts): string {
  const ends = Object.entries(ended).map(([end, times]) => `${times} ${end}`);
  const faults = Object.entries(wrong).map(([name, ids]) => `${name} ${(ids as readonly string[]).length}`);
  return (
    `${approvals} approvals: ${ends.join(", ")}; ${told} attempts told that they resolved one, ${allowed} grants used; ` +
    `${faults.join(", ")}; ${records} records`
  );
}
