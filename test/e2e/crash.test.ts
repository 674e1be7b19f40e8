import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { freshPostgres } from "../shared-servers.ts";
import { createLedger, type Ledger } from "./audit-ledger.ts";
import { loadRules, startAuditLoad, UNDER_WAY_MAX } from "./audit-load.ts";
import { proveLog } from "./audit-proof.ts";
import { describeProof, expectWholeLog } from "./expect-whole-log.ts";
import { killDuringStart, type ServiceOptions, startService, type TestedService } from "./service.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** `scripts/crash-test.mjs` asks for other numbers and one mode. */
const KILLS = process.env.CRASH_TEST_KILLS;
const MODE = process.env.CRASH_TEST_MODE;
const SECONDS_A_KILL_MAX = 20;

const url = await freshPostgres();

describe.each([
  { mode: "embedded", env: {}, kills: 5, isThere: true, databaseUrl: undefined },
  { mode: "server", env: { DATABASE_URL: url ?? "" }, kills: 5, isThere: url !== undefined, databaseUrl: url },
])("kill -9 at any moment, $mode mode", ({ mode, env, kills, isThere, databaseUrl }) => {
  const times = KILLS === undefined ? kills : Number(KILLS);
  it.skipIf(!isThere || (MODE !== undefined && MODE !== mode))(
    "every answered decision is in the log exactly once as it was answered, under one unbroken, signed chain",
    async () => {
      const startedAt = performance.now();
      const ledger = createLedger();
      const options = { env: { ...env, ...OFTEN_SIGNED }, dataDir: join(temporaryFolder(), "data"), rulesDir: rules() };
      for (let round = 0; round < times; round += 1) {
        writeRules(options.rulesDir, round);
        await MOMENTS[round % MOMENTS.length]!(options, ledger);
        if (round % 50 === 49) console.log(`${round + 1} kills, ${ledger.decisions.size} answered`);
      }
      const last = await startService(options);
      expectNoDamage(last);
      const proof = await proveLog(last, ledger, databaseUrl);
      if (KILLS !== undefined) {
        const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
        console.log(`${mode} mode: kills ${times}, seconds ${seconds}\n${describeProof(proof, ledger)}`);
      }
      expectWholeLog(proof, ledger);
      expect(ledger.decisions.size).toBeGreaterThan(times);
      expect(ledger.refused.filter(({ code }) => code !== "not_ready")).toEqual([]);
      expect(proof.unanswered).toBeLessThanOrEqual(times * UNDER_WAY_MAX);
    },
    (times + 10) * SECONDS_A_KILL_MAX * 1000,
  );
});

/** Often enough that crashes meet checkpoints too. */
const OFTEN_SIGNED = { VERDICT_AUDIT_CHECKPOINT_RECORDS: "25", VERDICT_AUDIT_CHECKPOINT_SECONDS: "1" };

type Options = ServiceOptions & { readonly dataDir: string; readonly rulesDir: string };

/** When it is killed. Each moment is random within its phase; records are moved to the database five times a second. */
const MOMENTS: readonly ((options: Options, ledger: Ledger) => Promise<unknown>)[] = [
  async (options) => expectNoDamage(await killDuringStart(options, Math.random() * 1500)),
  (options, ledger) => killUnderLoad(options, ledger, 250),
  (options, ledger) => killUnderLoad({ ...options, until: "listening" }, ledger, 600),
  (options, ledger) => killUnderLoad(options, ledger, 600),
  (options, ledger) => killUnderLoad(options, ledger, 400, (service) => service.signal("SIGTERM")),
];

async function killUnderLoad(
  options: Options,
  ledger: Ledger,
  withinMs: number,
  before: (service: TestedService) => void = () => {},
): Promise<void> {
  const service = await startService({ until: "ready", ...options });
  const load = startAuditLoad(service, ledger);
  await pause(Math.random() * withinMs);
  before(service);
  await pause(Math.random() * 100);
  await service.kill();
  await load.over;
  expectNoDamage(service);
}

function expectNoDamage({ output }: { readonly output: string }): void {
  const problems = output.split("\n").filter((line) => /"problem":|"level":(?:50|60)/.test(line));
  // A write that was cut by the kill is what the spool is there for.
  expect(problems.filter((line) => !line.includes('"kind":"torn_tail"'))).toEqual([]);
}

function rules(): string {
  const folder = join(temporaryFolder(), "rules");
  mkdirSync(folder);
  return folder;
}

/** Another revision in most rounds, and an old one again now and then. */
function writeRules(folder: string, round: number): void {
  writeFileSync(join(folder, "load.yaml"), loadRules(20 + (round % 7)));
}
