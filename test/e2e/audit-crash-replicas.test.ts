import { describe, expect, it } from "vitest";
import { freshPostgres } from "../shared-servers.ts";
import { createLedger, type Ledger } from "./audit-ledger.ts";
import { startAuditLoad } from "./audit-load.ts";
import { proveLog, verifyExport, verifyOnline } from "./audit-proof.ts";
import { spooledBy } from "./audit-spooled.ts";
import { expectWholeLog } from "./expect-whole-log.ts";
import { startService, type TestedService } from "./service.ts";
import { signingKeyFile } from "./start-replicas.ts";
import { waitFor } from "./wait-for.ts";

const url = await freshPostgres();
const KILLS = 2;
const READS = 3;
/** Reading the whole log again and again has to keep up with what is added to it. */
const PAUSE_MS = 40;

describe.skipIf(url === undefined)("two replicas under load, one of them killed", () => {
  it("the log verifies at every moment, and in the end everything is in it exactly once", async () => {
    const env = {
      DATABASE_URL: url!,
      VERDICT_AUDIT_CHECKPOINT_RECORDS: "25",
      VERDICT_AUDIT_SIGNING_KEY_FILE: signingKeyFile(),
    };
    const ledger = createLedger();
    const steady = await startService({ env });
    const steadyLoad = startAuditLoad(steady, ledger, PAUSE_MS);
    let other = await startOther(steady, { env });
    for (let kill = 0; kill < KILLS; kill += 1) {
      const load = startAuditLoad(other, ledger, PAUSE_MS);
      // What one replica has not moved to the database yet is behind the end of its chain, never a hole in it.
      for (let read = 0; read < READS; read += 1) {
        const before = ledger.decisions.size;
        expect((await verifyExport(steady)).first_error).toBeUndefined();
        expect((await verifyOnline(steady)).first_error).toBeUndefined();
        await waitFor("decisions go on", () => ledger.decisions.size > before);
      }
      await other.kill();
      await load.over;
      other = await startOther(steady, { env, dataDir: other.dataDir });
    }
    steadyLoad.end();
    await steadyLoad.over;
    for (const service of [steady, other]) {
      await waitFor("all records arrive", async () => (await spooledBy(service)) === 0);
    }
    await other.stop();
    await expectWhole(steady, ledger);
  });
});

async function startOther(first: TestedService, options: Parameters<typeof startService>[0]): Promise<TestedService> {
  const service = await startService(options);
  service.useKeys(first.keys);
  return service;
}

async function expectWhole(service: TestedService, ledger: Ledger): Promise<void> {
  expectWholeLog(await proveLog(service, ledger, url), ledger, 2);
  expect(ledger.refused).toEqual([]);
}
