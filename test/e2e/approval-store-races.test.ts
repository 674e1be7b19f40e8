import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { packageRoot } from "../../src/package-root.ts";
import { startRedis } from "../servers.ts";
import { ownServer } from "../shared-servers.ts";

const APPROVALS = 400;
const redis = await ownServer(() => startRedis({ appendonly: "yes", appendfsync: "always" }));

it.skipIf(redis === undefined)(
  "two processes on one Redis end each approval once, tell one of them, and use each grant once",
  async () => {
    const script = join(packageRoot, "scripts/approval-store-races.mjs");
    // Ends with 1, and so throws, when a count is wrong.
    const { stdout } = await promisify(execFile)(process.execPath, [script, "--approvals", String(APPROVALS)], {
      env: { REDIS_URL: redis!.url },
    });
    const numbers = (line: RegExp) => [...line.exec(stdout)![0].matchAll(/(?<=[a-z\d]:? )\d+/g)].map(Number);
    const ended = numbers(/^ended: .*$/m);
    expect(ended.reduce((sum, count) => sum + count, 0)).toBe(APPROVALS);
    // Worth it only when every end was raced for, and won by either process now and then.
    for (const count of [...ended, ...numbers(/^told .*$/m), ...numbers(/^grants: .*$/m)])
      expect(count).toBeGreaterThan(0);
  },
  120_000,
);
