import {
  APPROVAL_STATUSES,
  type Approval,
  type ApprovalQuery,
  type ApprovalStore,
  type ClaimedSteps,
  cancelApproval,
  claimUntold,
  consumeGrant,
  denyApproval,
  expireApproval,
  markTold,
  openApproval,
  type Settled,
  type ToldStep,
  voteApproval,
} from "../../approvals/index.ts";
import { AppError } from "../../model/errors.ts";
import { actionKey } from "../postgres/approval-rows.ts";
import { entryPrefix, indexEntries, instantKey, listsOf } from "./approval-entries.ts";
import { defineApprovalScripts, type FoundEntry, failDamaged, type Stored, stepOf } from "./approval-scripts.ts";
import { checkPersistence } from "./check-persistence.ts";
import { openConnection, type RedisSettings } from "./connection.ts";

export interface RedisApprovalStore extends ApprovalStore {
  /** Whether Redis answered when it was last heard of. */
  readonly isUp: boolean;
  /**
   * What the settings of Redis do not keep of approvals, a sentence each; empty when all that was confirmed is kept.
   * @throws UnavailableError `storage_unavailable`
   */
  checkPersistence(): Promise<readonly string[]>;
  /** From then on every method throws `storage_unavailable`. May be called twice. */
  close(): Promise<void>;
}

/** Approvals that one script reads or changes at most, since Redis serves nobody else meanwhile. */
const BATCH = 100;

/**
 * Approvals in Redis, for any number of replicas. It connects at once, and reconnects for ever in the background.
 *
 * The state machine computes each step here; a script applies it, together with the index, if the approval is still as it
 * was. Otherwise somebody else's step came first, and it is computed anew from what that left
 * ([ADR 9](../../../docs/adr/0009-redis-compares-and-sets.md)). So whoever tries again does so because another step was made.
 *
 * What was confirmed is as durable as Redis is set up to be: see `checkPersistence`.
 */
export function createRedisApprovalStore(settings: RedisSettings): RedisApprovalStore {
  const connection = openConnection(settings);
  const scripts = defineApprovalScripts(connection, settings.keyPrefix ?? "");
  // What fails here is reported as the connection's error.
  connection.redis.connect().catch(() => {});

  async function change<Result extends Settled>(
    id: string,
    step: (approval: Approval) => Result,
  ): Promise<Result | undefined> {
    for (;;) {
      const [found] = await scripts.read([id]);
      if (found === undefined) return undefined;
      const result = step(found.approval);
      if (result.approval === found.approval) return result;
      const [isApplied] = await scripts.replace([stepOf(found, result.approval)]);
      if (isApplied) return result;
    }
  }

  /** Expires what is due, those first that have been for longest. */
  async function expireDue(now: number, limit: number): Promise<readonly Approval[]> {
    const expired: Approval[] = [];
    for (let isMore = true; isMore && expired.length < limit; ) {
      const count = Math.min(BATCH, limit - expired.length);
      const due = (await scripts.first(entryPrefix.due, instantKey(now), count)).map(storedOf);
      const results = due.map((found) => expireFound(found, now));
      const steps = due.map((found, n) => stepOf(found, results[n]));
      const applied = due.length === 0 ? [] : await scripts.replace(steps);
      expired.push(...results.filter((_, n) => applied[n]));
      isMore = due.length === count;
    }
    return expired;
  }

  async function forget(resolvedBefore: number, limit: number): Promise<number> {
    let count = 0;
    for (let isMore = true; isMore && count < limit; ) {
      const most = Math.min(BATCH, limit - count);
      const oldest = (await scripts.first(entryPrefix.forgettable, instantKey(resolvedBefore), most)).map(storedOf);
      const steps = oldest.map((found) => stepOf(found, undefined));
      const applied = oldest.length === 0 ? [] : await scripts.replace(steps);
      count += applied.filter(Boolean).length;
      isMore = oldest.length === most;
    }
    return count;
  }

  /** Again for those that took another step meanwhile, which may have been told as well. */
  async function markStepsTold(steps: readonly ToldStep[]): Promise<void> {
    const ids = [...new Set(steps.map(({ id }) => id))];
    while (ids.length > 0) {
      const batch = ids.splice(0, BATCH);
      const found = (await scripts.read(batch)).flatMap((each) => each ?? []);
      const changes = found.flatMap((each) => {
        const next = markTold(
          each.approval,
          steps.filter(({ id }) => id === each.approval.id),
        );
        return next === each.approval ? [] : [stepOf(each, next)];
      });
      const applied = changes.length === 0 ? [] : await scripts.replace(changes);
      ids.push(...changes.filter((_, n) => !applied[n]).map(({ id }) => id));
    }
  }

  /** What another call claimed, or what took a step meanwhile, is left for the next time. */
  async function claimSteps(now: number, limit: number): Promise<readonly ClaimedSteps[]> {
    const claims: ClaimedSteps[] = [];
    for (let isMore = true; isMore && claims.length < limit; ) {
      const count = Math.min(BATCH, limit - claims.length);
      const oldest = await scripts.first(entryPrefix.untold, instantKey(now), count);
      const strays = oldest.filter(isStray);
      if (strays.length > 0) await scripts.drop(strays.map(toStray));
      const found = oldest.filter((each) => !isStray(each)).map(storedOf);
      const results = found.map(({ approval }) => claimUntold(approval, now));
      const changes = found.map((each, n) => stepOf(each, results[n]!.approval));
      const applied = found.length === 0 ? [] : await scripts.replace(changes);
      claims.push(...results.filter((_, n) => applied[n]));
      isMore = oldest.length === count && (strays.length > 0 || applied.some(Boolean));
    }
    return claims;
  }

  return {
    async open(asked, now, { pendingMax }) {
      const approval = openApproval(asked, now);
      const [requester, places] = [entryPrefix.requester(asked), entryPrefix.place(asked)];
      const digest = entryPrefix.digest(asked.digest);
      for (let due: readonly Stored[] = []; ; ) {
        const expired = due.map((found) => expireFound(found, now));
        const expiries = due.map((found, n) => stepOf(found, expired[n]));
        const until = instantKey(now);
        const result = await scripts.open({ requester, places, digest, until, pendingMax, expiries, approval });
        if (result.outcome === "conflict") throw new AppError("conflict", "an approval with this id already exists");
        if (result.outcome === "opened") return { ...result, approval, expired };
        if (result.outcome !== "due") return { ...result, expired };
        due = result.due;
      }
    },
    async get(id, now) {
      return change(id, (approval) => expireApproval(approval, now));
    },
    // One script finds `limit` ids along the shortest list, one reads them: O(log n + limit), whatever else there is. With
    // several filters it goes along the shortest list until enough match: at worst all of it, BATCH at a time.
    async list(query, now) {
      const [lists, until] = [listsOf(query), instantKey(now)];
      const statuses = query.status === undefined ? APPROVAL_STATUSES : [query.status];
      const count = lists.length === 1 ? query.limit : BATCH;
      const [found, expired]: [Approval[], Approval[]] = [[], []];
      let { before } = query;
      for (let isMore = true; isMore && found.length < query.limit; ) {
        const ids = await scripts.list({ due: entryPrefix.due, until, statuses, lists, before, count });
        if (ids === "due") {
          expired.push(...(await expireDue(now, Number.POSITIVE_INFINITY)));
          continue;
        }
        const newest = [...ids].sort(descending).slice(0, count);
        const read = newest.length === 0 ? [] : await scripts.read(newest);
        found.push(...read.flatMap((each) => (each !== undefined && isFound(each, query) ? [each.approval] : [])));
        before = newest.at(-1);
        isMore = newest.length === count;
      }
      return { approvals: found.slice(0, query.limit), expired };
    },
    async vote(id, actor, note, now) {
      return change(id, (approval) => voteApproval(approval, actor, note, now));
    },
    async deny(id, actor, reason, now) {
      return change(id, (approval) => denyApproval(approval, actor, reason, now));
    },
    async cancel(id, actor, reason, now) {
      return change(id, (approval) => cancelApproval(approval, actor, reason, now));
    },
    async consume(id, use, now) {
      return change(id, (approval) => consumeGrant(approval, use, now));
    },
    expireDue,
    async countOthers(approval, now) {
      const { counts, due, own } = await scripts.count({
        action: entryPrefix.action(approval),
        repeats: entryPrefix.repeat(approval),
        until: instantKey(now),
        id: approval.id.toWellFormed(),
      });
      const others = { ...counts, pending: counts.pending - due, expired: counts.expired + due };
      const isCounted = own?.approval.id === approval.id && actionKey(own.approval) === actionKey(approval);
      if (isCounted) others[expireApproval(own.approval, now).approval.status] -= 1;
      return others;
    },
    forget,
    markTold: markStepsTold,
    claimUntold: claimSteps,
    get isUp() {
      return connection.isUp;
    },
    checkPersistence: () => checkPersistence(connection),
    async close() {
      connection.close();
    },
  };
}

/** @throws UnavailableError when it is not due, though the index says so */
function expireFound({ approval }: Stored, now: number): Approval {
  const result = expireApproval(approval, now);
  return result.hasResolved ? result.approval : failDamaged();
}

/** @throws UnavailableError when there is none, though the index says so */
const storedOf = ({ stored }: FoundEntry): Stored => stored ?? failDamaged();

/**
 * Whether an approval is not as its entry says. A version that does not know steps to be told keeps neither them nor their
 * entries as they should be, while it and this one run side by side.
 */
const isStray = ({ entry, stored }: FoundEntry) => stored === undefined || !indexEntries(stored.approval).has(entry);

const toStray = ({ entry, stored }: FoundEntry) => ({
  entry,
  id: entry.slice(entry.lastIndexOf(":") + 1),
  from: stored?.state,
});

/** In byte order. */
const descending = (a: string, b: string) => Buffer.compare(Buffer.from(b), Buffer.from(a));

/** It may have changed since its id was found, and only one of its lists was looked at. */
function isFound({ approval }: Stored, query: ApprovalQuery): boolean {
  const entries = indexEntries(approval);
  const isOnAll = listsOf(query).every((list) => entries.has(`${approval.status}:${list}${approval.id}`));
  return isOnAll && (query.status === undefined || approval.status === query.status);
}
