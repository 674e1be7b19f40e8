import { setTimeout as pause } from "node:timers/promises";
import { addKey, ask, type Resolving, refund, resolve, type ShownApproval, show, use } from "./approval-scene.ts";
import { spooledBy } from "./audit-spooled.ts";
import type { ShownRecord, TestedService } from "./service.ts";
import { waitFor } from "./wait-for.ts";

/** What came of many approvals that everybody raced for. Lists name what is wrong. */
export interface RaceCounts {
  readonly approvals: number;
  /** By how they ended. */
  readonly ended: Readonly<Record<string, number>>;
  readonly allowed: number;
  /** Attempts that were told that they resolved an approval. */
  readonly told: number;
  /** More than one attempt was told so, or the one that was is not how it ended. */
  readonly resolvedTwice: readonly string[];
  readonly allowedTwice: readonly string[];
  /** Allowed, though nobody approved and the rule does not allow it by itself. */
  readonly allowedWithoutGrant: readonly string[];
  /** The audit log does not hold exactly one end, or not as many uses as were allowed. */
  readonly loggedOtherwise: readonly string[];
  readonly records: number;
}

const ACTIONS = ["stripe.refund", "stripe.quick_refund", "stripe.small_refund"] as const;
/** Of the rules of the last two. */
const TIMEOUT_MS = 1000;
const AT_ONCE = 40;
const ENDS = ["approved", "denied", "cancelled", "expired"] as const;

interface Race {
  readonly id: string;
  readonly action: (typeof ACTIONS)[number];
  /** How each attempt that was told that it resolved the approval said it ended. */
  readonly told: readonly string[];
  readonly allowed: number;
  readonly status: string;
}

/**
 * Everybody at once, over two replicas: two approve, one denies, the agent cancels and uses it four times, and for two
 * thirds of them the time runs out at about that moment.
 */
export async function raceForApprovals(
  replicas: readonly [TestedService, TestedService],
  count: number,
): Promise<RaceCounts> {
  const [here, there] = replicas;
  const [alice, bob, carol] = await Promise.all(
    ["alice", "bob", "carol"].map((name) => addKey(here, name, "approver")),
  );
  const people = { alice: alice!, bob: bob!, carol: carol! };
  for (const key of Object.values(people)) await waitUntilKnown(there, key);
  const races: Race[] = [];
  for (let n = 0; n < count; n += AT_ONCE) {
    const some = Array.from({ length: Math.min(AT_ONCE, count - n) }, (_, at) => n + at);
    races.push(...(await Promise.all(some.map((nth) => race(here, there, people, nth)))));
  }
  for (const replica of replicas) await waitFor("its records arrive", async () => (await spooledBy(replica)) === 0);
  const log = await stepsByApproval(here);
  return countUp(races, log);
}

async function race(
  here: TestedService,
  there: TestedService,
  people: { readonly alice: string; readonly bob: string; readonly carol: string },
  nth: number,
): Promise<Race> {
  const action = ACTIONS[nth % ACTIONS.length]!;
  const body = refund(`ch_${nth}`, { action_name: action });
  const openedAt = performance.now();
  const id = await ask(nth % 2 === 0 ? here : there, body);
  const untilDue = openedAt + TIMEOUT_MS - performance.now();
  if (action !== "stripe.refund") await pause(Math.max(0, untilDue - 15 + Math.random() * 30));

  const { agent } = here.keys;
  const resolving: [TestedService, Resolving, string][] = [
    [here, "approve", people.alice],
    [there, "approve", people.bob],
    [there, "deny", people.carol],
    [here, "cancel", agent],
  ];
  const resolved = resolving.map(([on, how, key]) => soon(() => resolve(on, how, id, key)));
  const used = [here, there, here, there].map((on) => soon(() => use(on, id, body)));
  const [answers] = await Promise.all([Promise.all(resolved), Promise.all(used)]);
  for (const { status, body: answer } of answers) {
    if (status !== 200 && status !== 409) throw new Error(`${status} ${JSON.stringify(answer)}`);
  }
  // Most grants come too late for the uses above: two more, at once.
  used.push(...[here, there].map((on) => use(on, id, body)));
  const decisions = (await Promise.all(used)).map(({ decision }) => decision);
  const { status } = await show(here, id, agent);
  return {
    id,
    action,
    told: answers.filter((answer) => answer.status === 200).map((answer) => answer.body.status),
    allowed: decisions.filter((decision) => decision === "allow").length,
    status,
  };
}

/** In one of the next milliseconds, so that another one is first each time. */
async function soon<T>(run: () => Promise<T>): Promise<T> {
  await pause(Math.random() * 4);
  return run();
}

async function waitUntilKnown(service: TestedService, key: string): Promise<void> {
  await waitFor("the key is known", async () => {
    const { status } = await service.call<ShownApproval>("GET", "/v1/approvals?limit=1", { key });
    return status === 200;
  });
}

async function stepsByApproval(service: TestedService): Promise<{ steps: Map<string, string[]>; records: number }> {
  const steps = new Map<string, string[]>();
  const records: ShownRecord[] = await service.auditRecords();
  for (const record of records) {
    if (!record.kind.startsWith("approval.") || !("data" in record)) continue;
    const id = String(record.data.id);
    steps.set(id, [...(steps.get(id) ?? []), record.kind.slice("approval.".length)]);
  }
  return { steps, records: records.length };
}

function countUp(
  races: readonly Race[],
  { steps, records }: { steps: ReadonlyMap<string, readonly string[]>; records: number },
): RaceCounts {
  const idsWhere = (isWrong: (race: Race) => boolean) => races.filter(isWrong).map(({ id }) => id);
  const logged = (id: string, step: string) => (steps.get(id) ?? []).filter((found) => found === step).length;
  return {
    approvals: races.length,
    ended: Object.fromEntries(ENDS.map((end) => [end, races.filter(({ status }) => status === end).length])),
    allowed: races.reduce((sum, { allowed }) => sum + allowed, 0),
    told: races.reduce((sum, { told }) => sum + told.length, 0),
    resolvedTwice: idsWhere(({ told, status }) =>
      status === "expired" ? told.length > 0 : told.length !== 1 || told[0] !== status,
    ),
    allowedTwice: idsWhere(({ allowed }) => allowed > 1),
    allowedWithoutGrant: idsWhere(
      ({ allowed, status, action }) =>
        allowed > 0 && status !== "approved" && !(status === "expired" && action === "stripe.small_refund"),
    ),
    loggedOtherwise: idsWhere(
      ({ id, status, allowed }) =>
        ENDS.some((end) => logged(id, end) !== (end === status ? 1 : 0)) ||
        logged(id, "consumed") !== allowed ||
        logged(id, "opened") !== 1,
    ),
    records,
  };
}
