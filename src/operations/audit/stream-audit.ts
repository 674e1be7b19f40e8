import type { Arrivals, AuditFilters, AuditStore } from "../../audit/index.ts";
import { assertScope, type Caller } from "../../identity/index.ts";
import { AppError } from "../../model/errors.ts";
import { createPlaces, type Places, streamRefusal } from "../places.ts";
import type { Service } from "../service.ts";

/** A record as it arrived. */
export interface AuditArrival {
  /** To go on right behind it. */
  readonly cursor: string;
  /** Undefined when the line does not begin as a record does. */
  readonly kind: string | undefined;
  /** Byte for byte as it is stored. */
  readonly line: string;
}

/** Records in the order in which they arrive in the store. One read at a time. */
export interface AuditTail {
  /** Behind the last record that `next` gave, or looked at in vain. */
  readonly cursor: string;
  /**
   * The records that arrived since, up to a page of them; none when there are none or the database does not answer: then
   * it is asked again after `waitForArrivals`.
   */
  next(): Promise<readonly AuditArrival[]>;
  /** Resolves when it is time to look again, half a second later. */
  waitForArrivals(): Promise<void>;
  /** Must be called: the number of tails is limited. */
  close(): void;
}

/** Each holds a connection, and up to a page of records while its client takes them. */
const PLACES = { all: 100, ofKey: 25, refusal: streamRefusal };

/** A record may have a quarter of a megabyte. */
const PAGE_RECORDS = 100;

/** Pages without a match that one call may look at: a filter that few records match keeps up with a busy log. */
const PAGES_MAX = 20;

const POLL_MS = 500;

/**
 * Follows the log.
 * @param cursor of an arrival that was seen before; without one it begins with what arrives from now on
 * @throws AppError `insufficient_scope`, `invalid_request` (a cursor that no arrival had), `too_many_requests`,
 * `storage_unavailable`
 */
export async function openAuditTail(
  service: Pick<Service, "auditStore" | "flushAudit">,
  caller: Caller,
  filters: AuditFilters,
  cursor: string | undefined,
): Promise<AuditTail> {
  assertScope(caller, "audit:read");
  const shared = sharedBy(service);
  const leave = shared.places.take(caller.keyId);
  try {
    return createTail(service, shared, filters, await startOf(service.auditStore, cursor), leave);
  } catch (error) {
    leave();
    throw error;
  }
}

interface SharedTail {
  readonly places: Places;
  /** Resolves with the place behind all that has arrived, or undefined when the database does not answer. */
  look: Promise<string | undefined> | undefined;
}

/** What all tails of a process have in common: one look at the store twice a second serves every one that waits. */
const sharedTails = new WeakMap<AuditStore, SharedTail>();

function sharedBy({ auditStore }: Pick<Service, "auditStore">): SharedTail {
  let shared = sharedTails.get(auditStore);
  if (shared === undefined) {
    shared = { places: createPlaces(PLACES), look: undefined };
    sharedTails.set(auditStore, shared);
  }
  return shared;
}

async function startOf(store: AuditStore, cursor: string | undefined): Promise<string> {
  const isCursor = cursor === undefined || /^[0-9a-z.-]{1,80}$/.test(cursor);
  if (!isCursor) throw notACursor();
  try {
    // Also asks for a given one, so that a wrong one is refused before anything is answered.
    const { cursor: start } = await store.arrivals(cursor, {}, 1);
    return cursor ?? start;
  } catch (error) {
    throw error instanceof AppError && error.code === "invalid_request" ? notACursor() : error;
  }
}

const notACursor = () => {
  const faults = [{ pointer: "/last_event_id", detail: "is not the id of an event of this stream" }];
  return new AppError("invalid_request", "`Last-Event-ID` is wrong; leave it out to begin with what comes next.", {
    faults,
  });
};

function createTail(
  service: Pick<Service, "auditStore" | "flushAudit">,
  shared: SharedTail,
  filters: AuditFilters,
  start: string,
  leave: () => void,
): AuditTail {
  let cursor = start;
  let horizon: string | undefined;
  /** The horizon up to which all that had arrived was looked at. */
  let seenUpTo: string | undefined;

  return {
    get cursor() {
      return cursor;
    },
    async next() {
      for (let pages = 0; pages < PAGES_MAX; pages += 1) {
        if (horizon !== undefined && horizon === seenUpTo) return [];
        const before = cursor;
        const page = await unlessDown(service.auditStore.arrivals(before, filters, PAGE_RECORDS));
        if (page === undefined) return [];
        cursor = page.cursor;
        if (page.lines.length > 0) return arrivalsOf(page);
        if (cursor === before) {
          seenUpTo = horizon;
          return [];
        }
      }
      return [];
    },
    async waitForArrivals() {
      shared.look ??= lookAgain(service).finally(() => {
        shared.look = undefined;
      });
      horizon = await shared.look;
    },
    close: leave,
  };
}

/** How each record begins: see `serializeRecord`. */
const KIND = /^\{"version":1,"kind":"([a-z_.]{1,40})"/;

const arrivalsOf = ({ lines, cursors }: Arrivals): AuditArrival[] =>
  lines.map(({ line }, at) => ({ cursor: cursors[at]!, kind: KIND.exec(line)?.[1], line }));

async function lookAgain(service: Pick<Service, "auditStore" | "flushAudit">): Promise<string | undefined> {
  await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  await service.flushAudit();
  return (await unlessDown(service.auditStore.arrivals(undefined, {}, 1)))?.cursor;
}

/** A stream outlives its database for as long as its client likes: closing it would only make the client come back. */
async function unlessDown<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof AppError && error.code === "storage_unavailable") return undefined;
    throw error;
  }
}
