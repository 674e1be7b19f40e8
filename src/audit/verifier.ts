import type { ChainHead, ChainLink } from "./chain.ts";
import { checkpointOf, checkpointText } from "./checkpoint.ts";
import type { VerifyingKey } from "./signing.ts";
import type { AuditFilters } from "./types.ts";
import { createVerifierChain, faultOfFirst, type VerifierChain } from "./verifier-chain.ts";
import { createExpiries } from "./verifier-expiry.ts";
import { createFindings, type Findings } from "./verifier-findings.ts";
import { type RecordLine, readRecordLine } from "./verifier-line.ts";
import type { VerifyErrorCode, VerifyReport, WriterReport } from "./verify-report.ts";

export interface VerifierOptions {
  /** All keys that may have signed; at least one. */
  readonly keys: readonly VerifyingKey[];
  /**
   * Records that are known to have been written, from a place that who could write to the database could not: the
   * writer's own spool, or an earlier report. Only these tell a log that was rolled back from one that never was longer.
   */
  readonly heads?: readonly ChainHead[];
}

/** Reads records in ascending order of ids. Memory grows with the number of writers, not of records. */
export interface Verifier {
  /** @param line a stored line byte for byte, without its line feed */
  line(line: string | Uint8Array): void;
  /**
   * @param filters what the lines were selected by: `{}` when they are the whole log; undefined when that is not known,
   * and then nothing counts as missing
   */
  end(filters: AuditFilters | undefined): VerifyReport;
  /** Where each chain stands after the lines so far. As much worth as the report is valid, like `expired`. */
  heads(): readonly ChainHead[];
  /** What signed `audit.expired` events among the lines so far say was let go: for each writer the last record of it. */
  expired(): readonly ChainHead[];
}

/**
 * Verifies chains and signatures. Found is every alteration, removal, exchange and insertion of records before a chain's
 * last checkpoint, also when everything behind it was hashed again. Not found, since nothing tells it from what could
 * have happened: what was done to records that no checkpoint covers, the removal of a chain's end or of a whole writer
 * (unless `heads` name it), and, with `from`, of the first records in the range.
 * @throws TypeError without a key: hashes alone are made by anyone
 */
export function createVerifier({ keys, heads = [] }: VerifierOptions): Verifier {
  if (keys.length === 0) throw new TypeError("verification needs at least one public key");
  const keyOf = new Map(keys.map((key) => [key.keyId, key]));
  const headOf = new Map(heads.map((head) => [head.writer, head]));
  const chains = new Map<string, VerifierChain>();
  const expiries = createExpiries((writer) => chains.get(writer)?.report.checkpointed_seq ?? 0);
  const findings = createFindings();
  let lines = 0;
  let lastId = "";

  /** @returns the record's chain, when it now ends with this record */
  function place({ id, link }: RecordLine): VerifierChain | undefined {
    const chain = chains.get(link.writer);
    const inChain = chain === undefined ? faultOfFirst(link) : chain.faultOf(link);
    const inLog = id === lastId ? "duplicate" : id < lastId ? "reordered" : undefined;
    lastId = id;
    // That a record stands in the wrong place says more than what is missing where it stands.
    const fault = inChain === undefined || inChain === "gap" ? (inLog ?? inChain) : inChain;
    if (fault !== undefined) findings.add(fault, { line: lines, id, link, before: chain?.last });
    // What is in the wrong place of the chain is not a link of it.
    if (inChain !== undefined && inChain !== "gap" && inChain !== "broken_link") return undefined;
    return goOn(chain, link, id);
  }

  function goOn(chain: VerifierChain | undefined, link: ChainLink, id: string): VerifierChain {
    const head = headOf.get(link.writer);
    if (head?.seq === link.seq && head.hash !== link.hash) findings.add("fork", { line: lines, id, link });
    chain?.follow(link);
    if (chain !== undefined) return chain;
    const created = createVerifierChain(link, lines, id);
    chains.set(link.writer, created);
    return created;
  }

  function faultOfCheckpoint(text: string): VerifyErrorCode | undefined {
    const checkpoint = checkpointOf(text);
    if (checkpoint === undefined) return "bad_signature";
    const key = keyOf.get(checkpoint.key_id);
    if (key === undefined) return "unknown_key";
    return key.isSignature(checkpointText(checkpoint), checkpoint.signature) ? undefined : "bad_signature";
  }

  function findBeginnings(): void {
    for (const { first, firstId, line } of chains.values()) {
      const before = { writer: first.writer, seq: first.seq - 1, hash: first.prev_hash };
      if (before.seq === 0 || expiries.hasEnd(before)) continue;
      findings.add("missing_beginning", { line, id: firstId, link: first });
    }
  }

  function findEnds(): void {
    for (const head of headOf.values()) {
      const last = chains.get(head.writer)?.last.seq ?? 0;
      if (last >= head.seq || expiries.covers(head)) continue;
      findings.add("missing_end", { line: lines + 1, link: head });
    }
  }

  return {
    line(line) {
      lines += 1;
      const record = readRecordLine(line);
      if (record === undefined) return findings.add("not_a_record", { line: lines });
      const { id, kind, link } = record;
      if (!record.isIntact) {
        findings.add("hash_mismatch", { line: lines, id, link });
        // Reported once: what follows from the record's link as it stands is not reported again.
        const chain = chains.get(link.writer);
        if (chain?.faultOf(link) === undefined) chain?.follow(link);
        return;
      }
      const chain = place(record);
      if (chain === undefined || (kind !== "checkpoint" && kind !== "audit.expired")) return;
      const text = typeof line === "string" ? line : new TextDecoder().decode(line);
      if (kind === "audit.expired") return expiries.add(text, link);
      const fault = faultOfCheckpoint(text);
      if (fault === undefined) chain.cover();
      else findings.add(fault, { line: lines, id, link });
    },
    end(filters) {
      if (filters?.from === undefined) findBeginnings();
      if (filters?.from === undefined && filters?.to === undefined) findEnds();
      const reports = [...chains.values()].map((chain) => chain.report);
      const total = findings.total(filters !== undefined && isContiguous(filters));
      return toReport(lines, reports, total);
    },
    heads: () => [...chains.values()].map(({ last: { writer, seq, hash } }) => ({ writer, seq, hash })),
    expired: expiries.ends,
  };
}

/** Whether filters leave no record out between two of a writer that they select. */
function isContiguous({ from, to, ...others }: AuditFilters): boolean {
  return Object.values(others).every((value) => value === undefined);
}

function toReport(
  records: number,
  writers: readonly WriterReport[],
  total: ReturnType<Findings["total"]>,
): VerifyReport {
  const sum = (of: (writer: WriterReport) => number) => writers.reduce((result, writer) => result + of(writer), 0);
  return {
    valid: total.errors === 0,
    records,
    checkpoints: sum((writer) => writer.checkpoints),
    records_after_checkpoints: sum(({ checkpoints, uncovered }) => (checkpoints > 0 ? uncovered : 0)),
    unsigned: sum(({ checkpoints, uncovered }) => (checkpoints > 0 ? 0 : uncovered)),
    writers,
    ...total,
  };
}
