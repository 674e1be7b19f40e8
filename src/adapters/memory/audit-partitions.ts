import type { AuditPartitions } from "../../audit/index.ts";
import { firstUuidv7At } from "../../model/uuid.ts";
import { monthNamed, rangeOfId } from "../postgres/audit-months.ts";

/** The months of the records in `lines`, keyed by id; dropping one removes its records there. */
export function createMemoryAuditPartitions(
  lines: Map<string, { readonly id: string; readonly batch: number }>,
  assertOpen: () => void,
): AuditPartitions {
  return {
    async list() {
      assertOpen();
      const names = new Set([...lines.keys()].map((id) => rangeOfId(id).name));
      return [...names]
        .map(monthNamed)
        .filter((month) => month !== undefined)
        .sort((a, b) => a.from - b.from);
    },
    async drop(partitions, snapshot) {
      assertOpen();
      const names = new Set(partitions.map(({ from }) => rangeOfId(firstUuidv7At(from)).name));
      const dropped = [...lines.values()].filter(({ id }) => names.has(rangeOfId(id).name));
      if (dropped.some(({ batch }) => batch > Number(snapshot))) return false;
      for (const { id } of dropped) lines.delete(id);
      return true;
    },
  };
}
