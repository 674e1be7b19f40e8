import { UnavailableError } from "../../model/errors.ts";
import type { Attempted, Delivery, LeasedDelivery, NewDelivery, WebhookQueue } from "../../webhooks/index.ts";
import { compareBytes } from "./compare-bytes.ts";

/** A `WebhookQueue` that lives as long as the process. */
export interface MemoryWebhookQueue extends WebhookQueue {
  /** From then on every method throws `storage_unavailable`, as a database that went away does. */
  close(): Promise<void>;
}

interface Row {
  readonly queued: NewDelivery;
  readonly state: Omit<Delivery, keyof NewDelivery>;
  readonly lease: number;
  /** Of the last change of status. */
  readonly settledAt: number;
}

export function createMemoryWebhookQueue(): MemoryWebhookQueue {
  const rows = new Map<string, Row>();
  let isClosed = false;

  /** In ascending order of their ids. INVARIANT: no `await` between a look and the change, which makes it atomic. */
  function all(): Row[] {
    if (isClosed) throw new UnavailableError("storage", "the queue is closed");
    return [...rows.values()].sort((a, b) => compareBytes(a.queued.id, b.queued.id));
  }

  function put(row: Row): Row {
    rows.set(row.queued.id, row);
    return row;
  }

  return {
    async enqueue(deliveries, now) {
      const known = new Set(all().map(({ queued }) => keyOf(queued)));
      for (const queued of deliveries) {
        if (known.has(keyOf(queued))) continue;
        known.add(keyOf(queued));
        put({
          queued,
          state: { status: "pending", attempts: 0, createdAt: now, dueAt: now },
          lease: 0,
          settledAt: now,
        });
      }
    },
    async lease(webhookIds, now, leaseMs) {
      const due = all().filter(({ state }) => state.status === "pending" && state.dueAt! <= now);
      due.sort((a, b) => a.state.dueAt! - b.state.dueAt!);
      const first = webhookIds.map((id) => due.find(({ queued }) => queued.webhookId === id));
      return first
        .filter((row) => row !== undefined)
        .map(({ state, ...row }) =>
          put({
            ...row,
            state: { ...state, attempts: state.attempts + 1, dueAt: now + leaseMs },
            lease: row.lease + 1,
          }),
        )
        .map((row): LeasedDelivery => ({ ...toDelivery(row), body: row.queued.body, lease: row.lease }));
    },
    async settle({ id, lease }, attempted, now) {
      const row = all().find(({ queued }) => queued.id === id);
      if (row === undefined || row.lease !== lease || row.state.status !== "pending") return false;
      put({ ...row, state: settled(row.state, attempted, now), settledAt: now });
      return true;
    },
    async list({ status, tenant, before, limit }) {
      const found = all().filter(
        ({ queued, state }) =>
          (status === undefined || state.status === status) &&
          (tenant === undefined || queued.tenant === tenant) &&
          (before === undefined || compareBytes(queued.id, before) < 0),
      );
      return found.reverse().slice(0, limit).map(toDelivery);
    },
    async resend(id, tenant, now) {
      const row = all().find(({ queued }) => queued.id === id);
      if (row === undefined || (tenant !== undefined && row.queued.tenant !== tenant)) return undefined;
      const state = { ...row.state, status: "pending", attempts: 0, dueAt: now } as const;
      return toDelivery(put({ ...row, state, lease: row.lease + 1, settledAt: now }));
    },
    async forget({ deliveredBefore, createdBefore }, limit) {
      const old = all().filter(
        ({ state, settledAt }) =>
          (state.status === "delivered" && settledAt < deliveredBefore) || state.createdAt < createdBefore,
      );
      for (const { queued } of old.slice(0, limit)) rows.delete(queued.id);
      return Math.min(old.length, limit);
    },
    async close() {
      isClosed = true;
    },
  };
}

const keyOf = ({ webhookId, eventId }: NewDelivery) => JSON.stringify([webhookId, eventId]);

function settled(state: Row["state"], attempted: Attempted, now: number): Row["state"] {
  const { attempts, createdAt, dueAt: _, lastHttpStatus: __, lastError: ___, ...before } = state;
  if (attempted.kind === "interrupted") return { ...state, attempts: attempts - 1, dueAt: now };
  return {
    ...{ ...before, attempts, createdAt, lastAttemptAt: now },
    status: attempted.kind === "retry" ? "pending" : attempted.kind,
    ...(attempted.kind === "retry" && { dueAt: attempted.dueAt }),
    ...(attempted.httpStatus !== undefined && { lastHttpStatus: attempted.httpStatus }),
    ...(attempted.kind !== "delivered" && { lastError: attempted.error }),
  };
}

function toDelivery({ queued, state }: Row): Delivery {
  const { body: _, tenant: __, ...shown } = queued;
  return { ...shown, ...state };
}
