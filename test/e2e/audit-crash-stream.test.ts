import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { freshPostgres } from "../shared-servers.ts";
import { createAuditFollower } from "./audit-follower.ts";
import { createLedger } from "./audit-ledger.ts";
import { startAuditLoad } from "./audit-load.ts";
import { startService, type TestedService } from "./service.ts";
import { waitFor } from "./wait-for.ts";

const url = await freshPostgres();
const KILLS = 4;
const PAUSE_MS = 20;

describe.each([
  { mode: "embedded", env: {}, isThere: true },
  { mode: "server", env: { DATABASE_URL: url ?? "" }, isThere: url !== undefined },
])("following the log while the service is killed, $mode mode", ({ env, isThere }) => {
  it.skipIf(!isThere)("gives every answered decision exactly once, over all connections together", async () => {
    const ledger = createLedger();
    const follower = createAuditFollower();
    let service = await startService({ env });
    await follower.follow(service);
    for (let kill = 0; kill < KILLS; kill += 1) {
      const load = startAuditLoad(service, ledger, PAUSE_MS);
      const seen = follower.ids.length;
      await waitFor("events come", () => follower.ids.length > seen);
      await pause(Math.random() * 400);
      await service.kill();
      await load.over;
      service = await startService({ env, dataDir: service.dataDir });
      await resume(service);
    }
    const seenAll = () => {
      const seen = new Set(follower.ids);
      return [...ledger.decisions.keys()].every((id) => seen.has(id));
    };
    await waitFor("all that was answered comes", seenAll);
    expect(new Set(follower.ids).size).toBe(follower.ids.length);
    follower.stop();

    async function resume(to: TestedService): Promise<void> {
      await waitFor("the stream opens again", () => follower.follow(to).then(() => true));
    }
  });
});
