import type { Caller } from "../../identity/index.ts";
import { isStorageDown } from "../../model/errors.ts";
import { nextTurn } from "../audit/read-audit.ts";
import { createPlaces } from "../places.ts";
import type { Service } from "../service.ts";
import { shareReads, shareReadsById } from "../share-reads.ts";
import { hearApprovals } from "./hear-approvals.ts";
import { type Approval, getApproval, noSuchApproval, readApproval } from "./read-approvals.ts";

export interface Wait {
  readonly ms: number;
  /** Aborted when nobody is there any more to be answered. */
  readonly gone: AbortSignal;
  /** Throws when the caller may not be answered any more. */
  assertAllowed(): void;
}

/** Those who wait for an answer, of one process. */
export interface ApprovalWaiters {
  /**
   * The approval as soon as it is not pending any more, and as it is when the time is over or the service stops. Many are
   * answered one at a time, and those who wait for the same are given the same object.
   * @throws AppError as `getApproval`; `too_many_requests`; `storage_unavailable` when the store does not answer at first or
   * at the end; what `assertAllowed` throws
   */
  wait(caller: Caller, id: string, wait: Wait): Promise<Approval>;
}

type WaitingService = Pick<Service, "approvalStore" | "approvalNews" | "approvalAnnouncer" | "clock" | "logger">;

/** Each holds a connection. */
const PLACES = {
  all: 5000,
  ofKey: 100,
  refusal: (who: string) => `As many wait${who} as may; ask without \`wait_seconds\`, and again later.`,
};

/** For news that were lost. One look after the other, so that it is no load for the store, however many wait. */
const LOOK_MS = 2000;

/** Those who wait for the same approval. */
interface Room {
  readonly id: string;
  /** As it was last seen: one for all of them, since it may have a quarter of a megabyte. */
  seen: Approval;
  /** Ends a wait: with the answered approval, or with undefined for who has to look for themselves. */
  readonly waiters: Set<(approval?: Approval) => void>;
  expiry: NodeJS.Timeout | undefined;
}

/** One of them. It holds no approval of its own. */
interface Waiting {
  readonly room: Room;
  readonly end: Promise<Approval | undefined>;
  /** Gives its place back. */
  readonly leave: () => void;
}

/** @param stopping ends all waits */
export function createApprovalWaiters(service: WaitingService, stopping?: AbortSignal): ApprovalWaiters {
  const rooms = new Map<string, Room>();
  const read = shareReadsById((id) => readApproval(service, id));
  const places = createPlaces(PLACES);
  const takeTurn = createTurns();
  let looking: NodeJS.Timeout | undefined;

  const hear = hearApprovals(service, (id) => {
    if (id === undefined) void lookAtAll();
    else if (rooms.has(id)) void look(rooms.get(id)!);
  });
  const lookAtAll = shareReads(async () => {
    for (const room of [...rooms.values()]) {
      if (!(await look(room))) return;
      await nextTurn();
    }
  });
  stopping?.addEventListener("abort", () => {
    for (const room of [...rooms.values()]) endWaits(room);
  });

  /** @returns whether the store answered */
  async function look(room: Room): Promise<boolean> {
    try {
      const approval = await read(room.id);
      if (approval?.status !== "pending") endWaits(room, approval);
      else {
        room.seen = approval;
        lookAtExpiry(room);
      }
    } catch (error) {
      if (isStorageDown(error)) return false;
      endWaits(room);
    }
    return true;
  }

  /** So that an approval ends on time, whoever else looks. */
  function lookAtExpiry(room: Room): void {
    clearTimeout(room.expiry);
    if (room.waiters.size === 0) return;
    // Timers fire up to a millisecond early, and know no longer times than this.
    const delay = Math.min(Math.max(room.seen.expiresAt - service.clock.now(), 1), 2 ** 31 - 1);
    room.expiry = setTimeout(() => void look(room), delay).unref();
  }

  function endWaits(room: Room, approval?: Approval): void {
    for (const end of [...room.waiters]) end(approval);
  }

  function enter(seen: Approval): Room {
    const { id } = seen;
    const known = rooms.get(id);
    if (known !== undefined) return known;
    const room: Room = { id, seen, waiters: new Set(), expiry: undefined };
    rooms.set(id, room);
    looking ??= setInterval(() => void lookAtAll(), LOOK_MS).unref();
    // It may have been answered since it was seen pending, before its news were of interest.
    void look(room);
    return room;
  }

  function leave(room: Room): void {
    if (room.waiters.size > 0) return;
    clearTimeout(room.expiry);
    rooms.delete(room.id);
    if (rooms.size > 0) return;
    clearInterval(looking);
    looking = undefined;
  }

  function waitIn(room: Room, { ms, gone }: Wait): Promise<Approval | undefined> {
    return new Promise((resolve) => {
      const end = (approval?: Approval) => {
        if (!room.waiters.delete(end)) return;
        clearTimeout(timer);
        gone.removeEventListener("abort", giveUp);
        leave(room);
        resolve(approval);
      };
      const giveUp = () => end();
      const timer = setTimeout(giveUp, ms);
      gone.addEventListener("abort", giveUp);
      room.waiters.add(end);
    });
  }

  /** What was seen, if nobody has to wait. INVARIANT: from looking whether its room is there to waiting in it there is no `await`. */
  async function begin(caller: Caller, id: string, wait: Wait): Promise<Approval | Waiting> {
    const seen = await getApproval(read, caller, id);
    if (seen.status !== "pending" || wait.ms === 0 || stopping?.aborted || wait.gone.aborted) return seen;
    const leave = places.take(caller.keyId);
    hear();
    const room = enter(seen);
    return { room, end: waitIn(room, wait), leave };
  }

  return {
    async wait(caller, id, wait) {
      const begun = await begin(caller, id, wait);
      if (!("room" in begun)) return begun;
      try {
        const answered = await begun.end;
        if (wait.gone.aborted) return begun.room.seen;
        const approval = answered ?? (await read(id));
        await takeTurn();
        // SECURITY: a key may have been revoked meanwhile.
        wait.assertAllowed();
        if (approval === undefined) throw noSuchApproval();
        return approval;
      } finally {
        begun.leave();
      }
    },
  };
}

/** Lets callers go on one at a time, and whatever else waits in between. Who comes alone goes on at once. */
function createTurns(): () => Promise<void> {
  let last = Promise.resolve();
  return () => {
    const mine = last;
    last = mine.then(nextTurn);
    return mine;
  };
}
