import type { Approval } from "../../approvals/index.ts";
import { isStorageDown } from "../../model/errors.ts";

/** What a follower of approvals is told. */
export type InboxEvent =
  /** An approval as it is: pending for the first time, or changed. */
  | { readonly kind: "approval"; readonly approval: Approval }
  /** All that are pending have been told; what somebody knew besides is not pending any more. */
  | { readonly kind: "synced"; readonly pending: number };

/** As much of a pending approval as tells whether it is news. */
export interface PendingMark {
  readonly tenant: string | undefined;
  readonly votes: number;
}

/** By id, oldest first. */
export type PendingMarks = ReadonlyMap<string, PendingMark>;

/** What one follower has been told, and has yet to be told. It holds ids alone: approvals are read when they are taken. */
export interface ApprovalFeed {
  /** The next events, up to a few; none when there are none, or the store does not answer. */
  next(): Promise<readonly InboxEvent[]>;
  /** Resolves when there may be events, and within a second in any case. */
  wait(): Promise<void>;
  /** Must be called once: the number of feeds is limited. */
  close(): void;
}

export interface OpenFeed extends ApprovalFeed {
  /** To be called once, first. @param marks of all that are pending, whatever their tenant */
  begin(marks: PendingMarks): void;
  /** Something may have happened to the approval. */
  hear(id: string): void;
  /** Finds what was not heard. @param marks as of `begin` */
  reconcile(marks: PendingMarks): void;
}

interface FeedOptions {
  /** @returns undefined for one that is unknown or that the follower may not see @throws `storage_unavailable` */
  read(id: string): Promise<Approval | undefined>;
  isVisible(mark: PendingMark): boolean;
  close(): void;
}

/** Approvals told in one go; each may have a quarter of a megabyte. */
const BATCH = 20;

const WAIT_MS = 1000;

/** A follower that does not keep up is told the difference instead, at the next `reconcile`. */
const HEARD_MAX = 10_000;

/** Answered approvals that a follower may hear of twice: as voted and as approved, say. */
const ANSWERED_MAX = 1000;

export function createApprovalFeed(options: FeedOptions): OpenFeed {
  /** What is yet to be told before `synced`. */
  let first: string[] | undefined = [];
  const heard = new Set<string>();
  /** How many votes the follower knows of. */
  const pending = new Map<string, number>();
  const answered = new Map<string, string>();
  let isDown = false;
  let wake = () => {};

  /** Whether an approval is other than the follower knows it; from then on it does. */
  function isNews({ id, status, votes, grant }: Approval): boolean {
    if (status === "pending") {
      if (pending.get(id) === votes.length) return false;
      pending.set(id, votes.length);
      return true;
    }
    pending.delete(id);
    const mark = `${status} ${grant?.consumedAt}`;
    if (answered.get(id) === mark) return false;
    answered.set(id, mark);
    if (answered.size > ANSWERED_MAX) answered.delete(answered.keys().next().value!);
    return true;
  }

  async function read(ids: readonly string[]): Promise<(Approval | undefined)[] | undefined> {
    try {
      const found = await Promise.all(ids.map((id) => options.read(id)));
      isDown = false;
      return found;
    } catch (error) {
      if (!isStorageDown(error)) throw error;
      // Closing the stream would only make its client come back.
      isDown = true;
      return undefined;
    }
  }

  async function nextFirst(ids: string[]): Promise<InboxEvent[] | undefined> {
    const found = await read(ids.slice(0, BATCH));
    if (found === undefined) return undefined;
    ids.splice(0, BATCH);
    const events = eventsOf(found.filter((approval) => approval?.status === "pending"));
    if (ids.length > 0) return events;
    first = undefined;
    return [...events, { kind: "synced", pending: pending.size }];
  }

  async function nextHeard(): Promise<InboxEvent[] | undefined> {
    const ids = [...heard].slice(0, BATCH);
    // Before the read: what is heard meanwhile may be news again.
    for (const id of ids) heard.delete(id);
    const found = await read(ids);
    if (found === undefined) {
      for (const id of ids) heard.add(id);
      return undefined;
    }
    for (const [at, approval] of found.entries()) if (approval === undefined) pending.delete(ids[at]!);
    return eventsOf(found);
  }

  function eventsOf(found: readonly (Approval | undefined)[]): InboxEvent[] {
    const news = found.filter((approval) => approval !== undefined && isNews(approval)) as Approval[];
    return news.map((approval) => ({ kind: "approval", approval }));
  }

  return {
    begin(marks) {
      first = [...marks].filter(([, mark]) => options.isVisible(mark)).map(([id]) => id);
    },
    hear(id) {
      if (heard.size >= HEARD_MAX) heard.clear();
      heard.add(id);
      wake();
    },
    reconcile(marks) {
      if (first !== undefined) return;
      for (const [id, mark] of marks) {
        if (options.isVisible(mark) && pending.get(id) !== mark.votes) heard.add(id);
      }
      for (const id of pending.keys()) if (!marks.has(id)) heard.add(id);
      if (heard.size > 0) wake();
    },
    async next() {
      while (first !== undefined || heard.size > 0) {
        const events = await (first === undefined ? nextHeard() : nextFirst(first));
        if (events === undefined) return [];
        if (events.length > 0) return events;
      }
      return [];
    },
    async wait() {
      if (!isDown && (first !== undefined || heard.size > 0)) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, WAIT_MS);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      wake = () => {};
    },
    close() {
      wake();
      options.close();
    },
  };
}
