import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { createTestDatabase, startRedis } from "../servers.ts";
import { freshPostgres, ownServer } from "../shared-servers.ts";
import { addKey, ask, refund, refundRules, resolve, use } from "./approval-scene.ts";
import { verifyOnline } from "./audit-proof.ts";
import { type ServiceOptions, startService, type TestedService } from "./service.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { waitFor } from "./wait-for.ts";

/** More of them by hand: `APPROVAL_CRASHES=100 npx vitest run test/e2e/approval-crash.test.ts`. */
const CRASHES = Number(process.env.APPROVAL_CRASHES ?? 2);
const SECONDS_A_CRASH_MAX = 20;
const CLIENTS = 6;
/** Approvals that there are at least before each kill. */
const ASKED_MIN = 12;
const ACTIONS = ["stripe.refund", "stripe.quick_refund", "stripe.small_refund"];

const server = await freshPostgres();
const redis = await ownServer(startRedis);

interface Shown {
  readonly id: string;
  readonly status: "pending" | "approved" | "denied" | "expired" | "cancelled";
  readonly votes: readonly { readonly voter: string }[];
  readonly grant?: { readonly consumed_at?: string };
}

describe.each([
  { mode: "embedded", isThere: true, envOf: async () => ({}) },
  {
    mode: "server mode, approvals in Redis",
    isThere: server !== undefined && redis !== undefined,
    envOf: async () => ({ DATABASE_URL: (await createTestDatabase(server!)).url, REDIS_URL: redis!.url }),
  },
])("kill -9 while people answer, $mode", ({ mode, isThere, envOf }) => {
  it.skipIf(!isThere)(
    "every step of every approval is in the log, and nothing that did not happen",
    async () => {
      const env = { VERDICT_APPROVALS_PENDING_MAX: "10000", ...(await envOf()) };
      const options: ServiceOptions = { env, dataDir: join(temporaryFolder(), "data"), rulesDir: refundRules() };
      let alice = "";
      for (let crash = 0; crash < CRASHES; crash += 1) {
        const service = await startService(options);
        if (crash === 0) alice = await addKey(service, "alice", "approver");
        let asked = 0;
        const onAsked = () => {
          asked += 1;
        };
        const clients = Array.from({ length: CLIENTS }, (_, n) =>
          askUntilGone(service, alice, `${crash}-${n}`, onAsked),
        );
        const enough = ASKED_MIN + Math.random() * ASKED_MIN;
        await waitFor("the load is on", () => asked >= enough);
        await pause(Math.random() * 20);
        await service.kill();
        await Promise.all(clients);
      }

      const service = await startService(options);
      const ended = await waitFor("all steps are told", async () => {
        const approvals = await readApprovals(service, alice);
        const steps = await readSteps(service);
        const isTold = approvals.every((approval) => stepsOf(approval).every((step) => steps.has(step)));
        return isTold && { approvals, steps };
      });
      const happened = new Set(ended.approvals.flatMap(stepsOf));
      expect([...ended.steps.keys()].filter((step) => !happened.has(step))).toEqual([]);
      const twice = [...ended.steps.values()].filter((times) => times > 1).length;
      console.log(
        `${mode}: kills ${CRASHES}, approvals ${ended.approvals.length}, steps ${happened.size}, told twice ${twice}`,
      );
      // What one client may have had under way at each kill, and what was told and not yet marked.
      expect(twice).toBeLessThanOrEqual(CRASHES * CLIENTS * 3);
      expect(ended.approvals.length).toBeGreaterThan(CRASHES);
      expect(await verifyOnline(service)).toMatchObject({ valid: true });
    },
    (CRASHES + 5) * SECONDS_A_CRASH_MAX * 1000,
  );
});

/** Asks for one thing after the other; a person approves, denies, or leaves it to time. */
async function askUntilGone(service: TestedService, person: string, name: string, onAsked: () => void): Promise<void> {
  try {
    for (let turn = 0; ; turn += 1) {
      const body = refund(`ch_${name}_${turn}`, { action_name: ACTIONS[turn % ACTIONS.length]! });
      const id = await ask(service, body);
      onAsked();
      if (turn % 3 === 0) await resolve(service, "approve", id, person);
      if (turn % 6 === 0) await use(service, id, body);
      if (turn % 6 === 1) await resolve(service, "deny", id, person);
      if (turn % 6 === 4) await resolve(service, "cancel", id, service.keys.agent);
    }
  } catch {
    // The service is gone, which is what this test is about.
  }
}

/** What must have been told of an approval that is as it is. */
function stepsOf({ id, status, votes, grant }: Shown): string[] {
  return [
    "opened",
    ...votes.map(({ voter }) => `voted ${voter}`),
    ...(status === "pending" ? [] : [status]),
    ...(grant?.consumed_at === undefined ? [] : ["consumed"]),
  ].map((step) => `${id} ${step}`);
}

async function readApprovals(service: TestedService, key: string): Promise<readonly Shown[]> {
  const all: Shown[] = [];
  for (let cursor: string | null = ""; cursor !== null; ) {
    const query: string = cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    const { status, body } = await service.call<{ items: Shown[]; next_cursor: string | null }>(
      "GET",
      `/v1/approvals?limit=100${query}`,
      { key },
    );
    if (status !== 200) throw new Error(`approvals: ${status} ${JSON.stringify(body)}`);
    all.push(...body.items);
    cursor = body.next_cursor;
  }
  return all;
}

/** How often the log tells of each step. */
async function readSteps(service: TestedService): Promise<ReadonlyMap<string, number>> {
  const steps = new Map<string, number>();
  for (const record of await service.auditRecords()) {
    if (!("data" in record) || !record.kind.startsWith("approval.")) continue;
    const { id, by } = record.data as { id: string; by?: string };
    const kind = record.kind.slice("approval.".length);
    const step = `${id} ${kind === "voted" ? `${kind} ${by}` : kind}`;
    steps.set(step, (steps.get(step) ?? 0) + 1);
  }
  return steps;
}
