import {
  type AuditPartitions,
  type AuditSnapshot,
  type AuditStore,
  linesOf,
  parseRecord,
  type StoredLine,
} from "../../audit/index.ts";
import { AppError, UnavailableError } from "../../model/errors.ts";
import { isStorableText } from "../postgres/filter-text.ts";
import { isWithin, matches } from "./audit-filters.ts";
import { createMemoryAuditPartitions } from "./audit-partitions.ts";
import { compareBytes } from "./compare-bytes.ts";

/** An `AuditStore` that lives as long as the process; for tests and for evaluations without a server. */
export interface MemoryAuditStore extends AuditStore {
  readonly partitions: AuditPartitions;
  /** From then on every method throws `storage_unavailable`, as a database that went away does. */
  close(): Promise<void>;
}

/** A line, and the number of the `insert` that it came with, from 1. */
interface Arrived extends StoredLine {
  readonly batch: number;
}

export function createMemoryAuditStore(): MemoryAuditStore {
  const arrived = new Map<string, Arrived>();
  let batches = 0;
  let isClosed = false;

  function assertOpen(): void {
    if (isClosed) throw new UnavailableError("storage", "the store is closed");
  }

  return {
    partitions: createMemoryAuditPartitions(arrived, assertOpen),
    async insert(lines) {
      assertOpen();
      batches += 1;
      for (const line of linesOf(lines)) {
        const { id } = parseRecord(line);
        if (!arrived.has(id)) arrived.set(id, { id, line, batch: batches });
      }
    },
    async get(id) {
      assertOpen();
      const found = arrived.get(id);
      return found === undefined ? undefined : parseRecord(found.line);
    },
    async list({ before, limit, ...filters }) {
      assertOpen();
      return [...arrived.values()]
        .filter(({ id, line }) => isWithin(id, { before }) && matches(parseRecord(line), filters))
        .sort((a, b) => compareBytes(b.id, a.id))
        .slice(0, limit)
        .map(({ line }) => parseRecord(line));
    },
    async scan({ after, snapshot, limit, ...filters }) {
      assertOpen();
      const batchMax = snapshot === undefined ? batches : Number(snapshot);
      return [...arrived.values()]
        .filter(({ batch }) => batch <= batchMax)
        .filter(({ id, line }) => isWithin(id, { after }) && matches(parseRecord(line), filters))
        .sort((a, b) => compareBytes(a.id, b.id))
        .slice(0, limit)
        .map(({ id, line }) => ({ id, line }));
    },
    async snapshot() {
      assertOpen();
      return String(batches) as AuditSnapshot;
    },
    async arrivals(cursor, filters, limit) {
      assertOpen();
      if (cursor === undefined) return { lines: [], cursor: `${batches + 1}.`, cursors: [] };
      const place = parseCursor(cursor, batches + 1);
      const behind = [...arrived.values()].filter((each) => compareArrival(each, place) > 0).sort(compareArrival);
      const found = behind.filter(({ line }) => matches(parseRecord(line), filters)).slice(0, limit);
      const last = found.length === limit ? found.at(-1) : behind.at(-1);
      return {
        lines: found.map(({ id, line }) => ({ id, line })),
        cursor: last === undefined ? cursor : cursorAt(last),
        cursors: found.map(cursorAt),
      };
    },
    async close() {
      isClosed = true;
    },
  };
}

type Place = Pick<Arrived, "batch" | "id">;

const cursorAt = ({ batch, id }: Place) => `${batch}.${id}`;

function parseCursor(cursor: string, batchMax: number): Place {
  const match = /^(\d{1,15})\.(.*)$/s.exec(cursor);
  const [batch, id] = [Number(match?.[1]), match?.[2]];
  if (id !== undefined && isStorableText(id) && batch <= batchMax) return { batch, id };
  throw new AppError("invalid_request", "the cursor is not one that this log gave");
}

function compareArrival(a: Place, b: Place): number {
  return a.batch - b.batch || compareBytes(a.id, b.id);
}
