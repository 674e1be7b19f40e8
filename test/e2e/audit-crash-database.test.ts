import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { createTestDatabase, startPostgres } from "../servers.ts";
import { ownServer } from "../shared-servers.ts";
import { createLedger, type Ledger } from "./audit-ledger.ts";
import { startAuditLoad } from "./audit-load.ts";
import { proveLog } from "./audit-proof.ts";
import { spooledBy } from "./audit-spooled.ts";
import { expectWholeLog } from "./expect-whole-log.ts";
import { killDuringStart, startService } from "./service.ts";
import { waitFor } from "./wait-for.ts";

const postgres = await ownServer(startPostgres);

/** Answers to wait for while the database is away: some hundred records gather in the spool. */
const ANSWERS_MEANWHILE = 300;

/** Together some 40 MB; a file of the spool holds 8 MiB. */
const BACKLOG_RECORDS = 200;
const LARGE = {
  action_type: "tool_call",
  action_name: "crm.get_customer",
  context: { padding: "x".repeat(200_000) },
};

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
    // Making keys needs the database, which some calls find away; deciding does not.
    expect(ledger.refused.filter(({ code }) => code !== "storage_unavailable")).toEqual([]);
  });

  it("a backlog of many files, killed again and again while it drains: it arrives exactly once", async () => {
    const { url } = await createTestDatabase(postgres!.url);
    const ledger = createLedger();
    const env = { DATABASE_URL: url, VERDICT_AUDIT_CHECKPOINT_RECORDS: "25" };
    let service = await startService({ env });
    await postgres!.stop();
    for (let count = 0; count < BACKLOG_RECORDS; count += 1) ledger.addAnswer(await service.evaluate(LARGE));
    await service.kill();
    await killDuringStart({ env, dataDir: service.dataDir }, 700);
    await postgres!.start();
    for (let kill = 0; kill < 4; kill += 1) {
      service = await startService({ env, dataDir: service.dataDir, until: "listening" });
      await pause(Math.random() * 500);
      await service.kill();
    }
    service = await startService({ env, dataDir: service.dataDir });
    await waitFor("all records arrive", async () => (await spooledBy(service)) === 0);
    expectWholeLog(await proveLog(service, ledger, url), ledger);
  });
});

async function answersMore(ledger: Ledger): Promise<void> {
  const { size } = ledger.decisions;
  await waitFor("decisions go on", () => ledger.decisions.size >= size + ANSWERS_MEANWHILE);
}
