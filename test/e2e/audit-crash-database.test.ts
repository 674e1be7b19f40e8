import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { createTestDatabase, startPostgres } from "../servers.ts";
import { ownServer } from "../shared-servers.ts";
import { createLedger, type Ledger } from "./audit-ledger.ts";
import { startAuditLoad } from "./audit-load.ts";
import { proveLog } from "./audit-proof.ts";
import { spooledBy } from "./audit-spooled.ts";
import { expectWholeLog } from "./expect-whole-log.ts";
import { startService } from "./service.ts";
import { waitFor } from "./wait-for.ts";

const postgres = await ownServer(startPostgres);

/** Answers to wait for while the database is away: some hundred records gather in the spool. */
const ANSWERS_MEANWHILE = 300;

describe.skipIf(postgres === undefined)("the database killed under load", () => {
  it("decisions go on; everything arrives exactly once, under one unbroken, signed chain", async () => {
    const { url } = await createTestDatabase(postgres!.url);
    const ledger = createLedger();
    const options = { env: { DATABASE_URL: url, VERDICT_AUDIT_CHECKPOINT_RECORDS: "25" } };
    let service = await startService(options);
    let load = startAuditLoad(service, ledger);
    for (const signal of ["SIGKILL", "SIGSTOP", "SIGKILL", "SIGTERM", "SIGSTOP", "SIGKILL"] as const) {
      await pause(Math.random() * 400);
      await postgres!.stop(signal);
      await answersMore(ledger);
      if (signal === "SIGSTOP") postgres!.resume();
      else await postgres!.start();
    }
    // Both at once: what no insert confirmed is in the spool, and what an insert confirmed is in the database.
    await Promise.all([postgres!.stop("SIGKILL"), service.kill()]);
    await load.over;
    await postgres!.start();
    service = await startService({ ...options, dataDir: service.dataDir });
    load = startAuditLoad(service, ledger);
    await answersMore(ledger);
    load.end();
    await load.over;

    await waitFor("all records arrive", async () => (await spooledBy(service)) === 0);
    expectWholeLog(await proveLog(service, ledger, url), ledger);
    expect(ledger.unrecorded.size).toBe(0);
    // Reading and writing keys needs the database; deciding does not.
    expect(new Set(ledger.refused.map(({ code }) => code))).toEqual(new Set(["storage_unavailable"]));
  });
});

async function answersMore(ledger: Ledger): Promise<void> {
  const { size } = ledger.decisions;
  await waitFor("decisions go on", () => ledger.decisions.size >= size + ANSWERS_MEANWHILE);
}
