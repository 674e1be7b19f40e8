import { type AuditPartitions, type ChainedRecord, parseRecord, type StoredLine } from "../../audit/index.ts";
import { firstUuidv7At } from "../../model/uuid.ts";
import { monthNamed, rangeOfId } from "../postgres/audit-months.ts";

/** The months of the records in `lines`, keyed by id; dropping one removes its records there. */
export function createMemoryAuditPartitions(lines: Map<string, StoredLine>, assertOpen: () => void): AuditPartitions {
  const recordsOf = (name: string) =>
    [...lines.values()].filter(({ id }) => rangeOfId(id).name === name).map(({ line }) => parseRecord(line));
  const nameAt = (from: number) => rangeOfId(firstUuidv7At(from)).name;

  return {
    async list() {
      assertOpen();
      const names = new Set([...lines.keys()].map((id) => rangeOfId(id).name));
      return [...names]
        .map(monthNamed)
        .filter((month) => month !== undefined)
        .sort((a, b) => a.from - b.from);
    },
    async ends({ from, to }) {
      assertOpen();
      const last = new Map<string, ChainedRecord>();
      for (const record of recordsOf(nameAt(from))) {
        if (record.seq > (last.get(record.writer)?.seq ?? 0)) last.set(record.writer, record);
      }
      const checkpoints = [...lines.values()]
        .filter(({ id }) => id >= firstUuidv7At(to))
        .map(({ line }) => parseRecord(line))
        .filter(({ kind }) => kind === "checkpoint");
      return [...last.values()].map(({ writer, seq, hash }) => ({
        writer,
        seq,
        hash,
        isCheckpointed: checkpoints.some((each) => each.writer === writer && each.seq > seq),
      }));
    },
    async drop({ from }) {
      assertOpen();
      for (const { id } of recordsOf(nameAt(from))) lines.delete(id);
    },
  };
}
