import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { createTestDatabase, startPostgres } from "../servers.ts";
import { ownServer } from "../shared-servers.ts";
import { createLedger, type Ledger } from "./audit-ledger.ts";
import { loadRules, startAuditLoad } from "./audit-load.ts";
import { proveLog } from "./audit-proof.ts";
import { spooledBy } from "./audit-spooled.ts";
import { expectWholeLog } from "./expect-whole-log.ts";
import { runToEnd, startService, type TestedService } from "./service.ts";
import { mountSmallDisk } from "./small-disk.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { waitFor } from "./wait-for.ts";

const postgres = await ownServer(startPostgres);
const disk = mountSmallDisk();

const UNRECORDED = 100;
const SIGNED_OFTEN = { VERDICT_AUDIT_CHECKPOINT_RECORDS: "25", VERDICT_AUDIT_CHECKPOINT_SECONDS: "1" };

describe.skipIf(postgres === undefined || disk === undefined)("a spool that cannot take more", () => {
  let databaseUrl: string;
  let rulesDir: string;
  beforeEach(async () => {
    for (const name of readdirSync(disk!.path)) rmSync(join(disk!.path, name), { recursive: true });
    await postgres!.start();
    databaseUrl = (await createTestDatabase(postgres!.url)).url;
    rulesDir = join(temporaryFolder(), "rules");
    mkdirSync(rulesDir);
    writeFileSync(join(rulesDir, "load.yaml"), loadRules(50));
  });
  const optionsOf = (dataDir: string, env: Readonly<Record<string, string>> = {}) => ({
    dataDir,
    rulesDir,
    env: { DATABASE_URL: databaseUrl, ...SIGNED_OFTEN, ...env },
  });
  const newLoad = (service: TestedService) => {
    const ledger = createLedger();
    return { ledger, load: startAuditLoad(service, ledger) };
  };

  describe.each([
    { what: "because the disk is full", env: {}, folder: () => join(disk!.path, "data") },
    {
      what: "because its budget is used up",
      env: { VERDICT_AUDIT_SPOOL_BYTES_MAX: "1MiB" },
      folder: () => join(temporaryFolder(), "data"),
    },
  ])("$what", ({ env, folder }) => {
    it("turns decisions into denies, loses nothing that was answered, and goes on when the database is back", async () => {
      const service = await startService(optionsOf(folder(), env));
      const { ledger, load } = newLoad(service);
      await waitFor("the first answers", () => ledger.decisions.size > 100);
      await postgres!.stop();
      await waitFor("denies", () => ledger.unrecorded.size > UNRECORDED);

      await postgres!.start();
      await goesOn(ledger);
      load.end();
      await load.over;
      await expectWhole(service, ledger);
    });

    it("refuses changes of keys and rules with a 503: what cannot be recorded does not happen", async () => {
      const service = await startService(optionsOf(folder(), env));
      const { ledger, load } = newLoad(service);
      await postgres!.stop();
      await waitFor("denies", () => ledger.unrecorded.size > UNRECORDED);
      await expectRefusal(service, "/v1/keys", () => ({ identity: { name: "new" }, roles: ["agent"] }));
      await expectRefusal(service, "/v1/policy/reload", (attempt) => {
        writeFileSync(join(rulesDir, "load.yaml"), loadRules(60 + attempt));
        return undefined;
      });
      load.end();
      await load.over;
    });
  });

  it("and a crash: the next start says that the disk is full, and with space again all that was answered is there", async () => {
    const others = join(disk!.path, "others");
    writeFileSync(others, Buffer.alloc(300_000));
    const options = optionsOf(join(disk!.path, "data"));
    const first = await startService(options);
    const { ledger, load } = newLoad(first);
    await postgres!.stop();
    await waitFor("denies", () => ledger.unrecorded.size > UNRECORDED);
    await first.kill();
    await load.over;
    disk!.fill();

    await postgres!.start();
    const refused = await runToEnd(options);
    expect(refused).toMatchObject({ code: 1, output: expect.stringContaining("is full: free some space") });
    rmSync(others);
    const second = await startService(options);
    const again = startAuditLoad(second, ledger);
    await goesOn(ledger);
    again.end();
    await again.over;
    await expectWhole(second, ledger);
  });

  async function expectWhole(service: TestedService, ledger: Ledger): Promise<void> {
    await waitFor("all records arrive", async () => (await spooledBy(service)) === 0);
    expectWholeLog(await proveLog(service, ledger, databaseUrl), ledger);
    expect(ledger.refused.filter(({ status }) => status !== 503)).toEqual([]);
  }
});

async function goesOn(ledger: Ledger): Promise<void> {
  const { size } = ledger.decisions;
  await waitFor("decisions go on", () => ledger.decisions.size > size + 100);
}

/** Asks until what is to be recorded is too long for the last free bytes. */
async function expectRefusal(
  service: TestedService,
  path: string,
  prepare: (attempt: number) => object | undefined,
): Promise<void> {
  let attempts = 0;
  await waitFor(`${path} is refused`, async () => {
    const body = prepare(attempts);
    attempts += 1;
    const answer = await service.call("POST", path, { key: service.keys.admin, body });
    if (answer.status === 503 && answer.body.code === "audit_unavailable") return true;
    throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`);
  });
}
