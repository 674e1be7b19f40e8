// Races for approvals over two replicas of the built service, and times how long an agent waits for a person's answer:
//
//   npm run build && node scripts/approval-races.mjs --races 10000 --waits 300
//
// For each approval two people approve, a third denies, the agent cancels and uses it six times, all at once over both
// replicas, and for two thirds of them the time runs out at that moment. Prints the counts, with Redis and with PostgreSQL
// alone, and ends with 1 when an approval was resolved or used other than once, or the audit log says otherwise. CI runs the
// same with fewer. Redis and PostgreSQL are its own, or PostgreSQL the one that TEST_DATABASE_URL names.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ROOT } from "./checkout-hashes.mjs";

const { values } = parseArgs({
  options: { races: { type: "string", default: "1000" }, waits: { type: "string", default: "100" } },
});
for (const [name, value] of Object.entries(values)) {
  if (!/^[1-9]\d{0,5}$/.test(value)) throw new TypeError(`--${name}: expected a whole number from 1`);
}

const files = ["test/e2e/approval-races.test.ts", "test/e2e/approvals.test.ts"];
const { status, error } = spawnSync(
  process.execPath,
  [
    join(ROOT, "node_modules/vitest/vitest.mjs"),
    "run",
    ...files,
    "--no-file-parallelism",
    "--disable-console-intercept",
  ],
  { cwd: ROOT, stdio: "inherit", env: { ...process.env, APPROVAL_RACES: values.races, APPROVAL_WAITS: values.waits } },
);
if (error !== undefined) throw error;
process.exit(status ?? 1);
