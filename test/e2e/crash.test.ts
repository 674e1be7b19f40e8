import { describe, expect, it } from "vitest";
import { freshPostgres } from "../shared-servers.ts";
import { startLoad } from "./load.ts";
import { startService } from "./service.ts";

/** Twice, so that a recovery is crashed over as well. */
const CRASHES = 2;

const url = await freshPostgres();

describe.each([
  { mode: "embedded", env: {}, isThere: true },
  { mode: "server", env: { DATABASE_URL: url ?? "" }, isThere: url !== undefined },
])("kill -9 under load, $mode mode", ({ env, isThere }) => {
  it.skipIf(!isThere)(
    "every decision that was answered is in the audit log exactly once, crash after crash",
    async () => {
      const answered: string[] = [];
      let service = await startService({ env });
      for (let crash = 0; crash < CRASHES; crash += 1) {
        const load = startLoad(service);
        // Some are shipped by then, some wait in the spool, some are being written.
        await load.reached(200 + 150 * crash);
        await service.kill();
        await load.over;
        expect(load.refused).toEqual([]);
        answered.push(...load.answered);
        service = await startService({ env, dataDir: service.dataDir });
      }
      const recorded = (await service.auditRecords("kind=decision")).map(({ id }) => id);
      expect(answered.filter((id) => !recorded.includes(id))).toEqual([]);
      expect(new Set(recorded).size).toBe(recorded.length);
      // What was decided but not yet answered may be there too: one for each agent and crash at most.
      expect(recorded.length - answered.length).toBeLessThanOrEqual(CRASHES * 8);
    },
  );
});
