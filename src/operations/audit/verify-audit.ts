import {
  type AuditStore,
  createVerifier,
  type StoredLine,
  VERIFY_ERROR_CODES,
  type VerifyReport,
} from "../../audit/index.ts";
import { assertScope, type Caller } from "../../identity/index.ts";
import { AppError } from "../../model/errors.ts";
import type { Service } from "../service.ts";
import { nextTurn, scanAudit } from "./read-audit.ts";

export { VERIFY_ERROR_CODES, type VerifyReport };

/** How long decisions wait for it at most, in microseconds; a look at the clock every few records costs nothing. */
const SLICE_MICROSECONDS = 4000;
const SLICE_RECORDS = 50;

const running = new WeakSet<AuditStore>();

/**
 * Verifies the log in the database with the public keys of this service. Works in slices between which decisions have their
 * turn, and one verification at a time.
 * @param range as of `AuditFilters`; without it the whole log
 * @param signal stops it
 * @throws AppError `insufficient_scope`, `conflict` (one is under way, or it was stopped), `storage_unavailable`
 */
export async function verifyAudit(
  service: VerifyingService,
  caller: Caller,
  range: { readonly from?: number; readonly to?: number },
  signal?: AbortSignal,
): Promise<AuditVerification> {
  assertScope(caller, "audit:read");
  const { auditStore } = service;
  if (running.has(auditStore)) throw new AppError("conflict", "A verification is under way; wait for its end.");
  running.add(auditStore);
  try {
    const { verifier, isEndKnown } = await openVerifier(service);
    for await (const page of scanAudit(service, range)) {
      if (signal?.aborted) throw new AppError("conflict", "The verification was called off.");
      await verifyInSlices(service, page, verifier.line);
    }
    const isWhole = range.from === undefined && range.to === undefined;
    return { ...verifier.end(range), end_checked: isEndKnown && isWhole };
  } finally {
    running.delete(auditStore);
  }
}

export type VerifyingService = Pick<
  Service,
  "auditStore" | "auditPartitions" | "flushAudit" | "verifyingKeys" | "spool" | "clock"
>;

/** The verifier's report on the log in the database. */
export interface AuditVerification extends VerifyReport {
  /**
   * Whether the log was held against the end of this service's own chain. False for a range, and when what is recorded
   * does not reach the database: then only what had reached it is known to have been there.
   */
  readonly end_checked: boolean;
}

/**
 * For the whole log, with the end of this service's own chain: the spool knows it, and who writes to the database does not.
 */
export async function openVerifier({ spool, flushAudit, verifyingKeys }: VerifyingService) {
  const { head } = spool;
  const isEndKnown = await flushAudit();
  const known = isEndKnown ? head : spool.storedHead;
  const heads = known === undefined || known.seq === 0 ? [] : [known];
  return { verifier: createVerifier({ keys: verifyingKeys, heads }), isEndKnown };
}

/** Gives each line to `take`, and the event loop its turns. */
export async function verifyInSlices(
  { clock }: Pick<Service, "clock">,
  page: readonly StoredLine[],
  take: (line: string, id: string) => void,
): Promise<void> {
  let startedAt = clock.microseconds();
  for (const [at, { line, id }] of page.entries()) {
    take(line, id);
    if (at % SLICE_RECORDS === 0 && clock.microseconds() - startedAt > SLICE_MICROSECONDS) {
      await nextTurn();
      startedAt = clock.microseconds();
    }
  }
}

/** A key with which checkpoints and exports can be verified. */
export interface AuditKey {
  readonly keyId: string;
  /** Base64 SPKI. */
  readonly publicKey: string;
  /** Whether it signs now; the others signed before. */
  readonly isCurrent: boolean;
}

/** The current one first. @throws AppError `insufficient_scope` */
export function listAuditKeys(
  { signer, verifyingKeys }: Pick<Service, "signer" | "verifyingKeys">,
  caller: Caller,
): AuditKey[] {
  assertScope(caller, "audit:read");
  const current = { keyId: signer.keyId, publicKey: signer.publicKey, isCurrent: true };
  const others = verifyingKeys.filter(({ keyId }) => keyId !== signer.keyId);
  return [current, ...others.map(({ keyId, publicKey }) => ({ keyId, publicKey, isCurrent: false }))];
}
