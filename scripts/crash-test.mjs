// Kills the built service over and over, then holds its audit log against every answer that its clients got:
//
//   npm run build && node scripts/crash-test.mjs --kills 1000            embedded mode
//   npm run build && node scripts/crash-test.mjs --kills 1000 --server   with PostgreSQL
//
// All kills hit one data directory: under load, while records are moved and signed, during starts and stops. Server mode
// uses a PostgreSQL of its own, or makes a database on the one that TEST_DATABASE_URL names. Prints the counts, and ends
// with 1 when anything is missing, doubled or changed. CI runs the same test with fewer kills.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ROOT } from "./checkout-hashes.mjs";

const { values } = parseArgs({
  options: { kills: { type: "string", default: "100" }, server: { type: "boolean", default: false } },
});
if (!/^[1-9]\d{0,6}$/.test(values.kills)) throw new TypeError("--kills: expected a whole number from 1");

const { status, error } = spawnSync(
  process.execPath,
  [join(ROOT, "node_modules/vitest/vitest.mjs"), "run", "test/e2e/crash.test.ts", "--disable-console-intercept"],
  {
    cwd: ROOT,
    stdio: "inherit",
    env: { ...process.env, CRASH_TEST_KILLS: values.kills, CRASH_TEST_MODE: values.server ? "server" : "embedded" },
  },
);
if (error !== undefined) throw error;
process.exit(status ?? 1);
