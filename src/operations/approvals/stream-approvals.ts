import { assertScope, type Caller } from "../../identity/index.ts";
import { isStorageDown } from "../../model/errors.ts";
import { nextTurn } from "../audit/read-audit.ts";
import { createPlaces, streamRefusal } from "../places.ts";
import type { Service } from "../service.ts";
import { shareReads, shareReadsById } from "../share-reads.ts";
import { expirySteps } from "./announce-approvals.ts";
import {
  type ApprovalFeed,
  createApprovalFeed,
  type InboxEvent,
  type OpenFeed,
  type PendingMark,
} from "./approval-feed.ts";
import { hearApprovals } from "./hear-approvals.ts";
import { announceFound, readApproval, worksFor } from "./read-approvals.ts";

export type { InboxEvent };

/** Those who follow approvals, of one process. */
export interface ApprovalInbox {
  /**
   * First all that are pending, oldest first, then `synced`, then every change. SECURITY: of a tenant's caller, those of the
   * tenant alone.
   * @throws AppError `insufficient_scope`, `too_many_requests`, `storage_unavailable`
   */
  open(caller: Caller): Promise<ApprovalFeed>;
}

type InboxService = Pick<Service, "approvalStore" | "approvalNews" | "approvalAnnouncer" | "clock" | "logger">;

/** Each holds a connection. */
const PLACES = { all: 100, ofKey: 25, refusal: streamRefusal };

/** For news that were lost: then all that are pending are listed, once for all who follow. */
const LIST_MS = 5000;

/** Listing takes no more of the time than a tenth. */
const LIST_SHARE = 10;

/** Approvals in one read, since they are parsed in one turn; each may have a quarter of a megabyte. */
const PAGE_APPROVALS = 20;

export function createApprovalInbox(service: InboxService): ApprovalInbox {
  const feeds = new Set<OpenFeed>();
  const places = createPlaces(PLACES);
  let timer: NodeJS.Timeout | undefined;
  const read = shareReadsById((id) => readApproval(service, id));
  const listPending = shareReads(() => readPending(service));
  const hear = hearApprovals(service, (id) => {
    if (id === undefined) void reconcile();
    else for (const feed of feeds) feed.hear(id);
  });

  async function reconcile(): Promise<void> {
    if (feeds.size === 0) return;
    const startedAt = service.clock.microseconds();
    try {
      const marks = await listPending();
      for (const feed of feeds) feed.reconcile(marks);
    } catch (error) {
      if (!isStorageDown(error)) service.logger.error({ err: error }, "pending approvals could not be listed");
    }
    listLater((service.clock.microseconds() - startedAt) / 1000);
  }

  function listLater(tookMs: number): void {
    clearTimeout(timer);
    const delay = Math.max(LIST_MS, LIST_SHARE * tookMs);
    timer = feeds.size === 0 ? undefined : setTimeout(() => void reconcile(), delay).unref();
  }

  function createFeed(caller: Caller, leave: () => void): OpenFeed {
    const feed = createApprovalFeed({
      async read(id) {
        const approval = await read(id);
        return approval !== undefined && worksFor(caller, approval.requester.identity.tenant) ? approval : undefined;
      },
      isVisible: ({ tenant }) => worksFor(caller, tenant),
      close() {
        leave();
        feeds.delete(feed);
        if (feeds.size === 0) listLater(0);
      },
    });
    return feed;
  }

  return {
    async open(caller) {
      assertScope(caller, "approvals:read");
      const feed = createFeed(caller, places.take(caller.keyId));
      // INVARIANT: it hears before it is told what is pending, so that nothing falls between.
      feeds.add(feed);
      hear();
      try {
        feed.begin(await listPending());
      } catch (error) {
        feed.close();
        throw error;
      }
      if (timer === undefined) listLater(0);
      return feed;
    },
  };
}

/** All that are pending, of all tenants, oldest first. Between two pages whatever else waits has its turn. */
async function readPending(service: InboxService): Promise<ReadonlyMap<string, PendingMark>> {
  const marks: [string, PendingMark][] = [];
  for (;;) {
    const before = marks.at(-1)?.[0];
    const query = { status: "pending", limit: PAGE_APPROVALS, ...(before && { before }) } as const;
    const { approvals, expired } = await service.approvalStore.list(query, service.clock.now());
    await announceFound(service, expirySteps(expired));
    for (const { id, requester, votes } of approvals) {
      marks.push([id, { tenant: requester.identity.tenant, votes: votes.length }]);
    }
    if (approvals.length < PAGE_APPROVALS) return new Map(marks.reverse());
    await nextTurn();
  }
}
