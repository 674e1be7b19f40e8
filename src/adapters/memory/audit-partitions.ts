import type { AuditPartitions, StoredLine } from "../../audit/index.ts";
import { firstUuidv7At } from "../../model/uuid.ts";
import { monthNamed, rangeOfId } from "../postgres/audit-months.ts";

/** The months of the records in `lines`, keyed by id; dropping one removes its records there. */
export function createMemoryAuditPartitions(lines: Map<string, StoredLine>, assertOpen: () => void): AuditPartitions {
  return {
    async list() {
      assertOpen();
      const names = new Set([...lines.keys()].map((id) => rangeOfId(id).name));
      return [...names]
        .map(monthNamed)
        .filter((month) => month !== undefined)
        .sort((a, b) => a.from - b.from);
    },
    async drop({ from }) {
      assertOpen();
      const dropped = rangeOfId(firstUuidv7At(from)).name;
      for (const id of [...lines.keys()]) if (rangeOfId(id).name === dropped) lines.delete(id);
    },
  };
}
