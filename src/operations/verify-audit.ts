import {
  type AuditStore,
  createVerifier,
  type StoredLine,
  VERIFY_ERROR_CODES,
  type Verifier,
  type VerifyReport,
} from "../audit/index.ts";
import { assertScope, type Caller } from "../identity/index.ts";
import { AppError } from "../model/errors.ts";
import { nextTurn, scanAudit } from "./read-audit.ts";
import type { Service } from "./service.ts";

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
  service: Pick<Service, "auditStore" | "flushAudit" | "verifyingKeys" | "clock">,
  caller: Caller,
  range: { readonly from?: number; readonly to?: number },
  signal?: AbortSignal,
): Promise<VerifyReport> {
  assertScope(caller, "audit:read");
  const { auditStore } = service;
  if (running.has(auditStore)) throw new AppError("conflict", "A verification is under way; wait for its end.");
  running.add(auditStore);
  try {
    // What does not reach the database now is behind the end of what is verified: it is not missing.
    await service.flushAudit();
    const verifier = createVerifier({ keys: service.verifyingKeys });
    for await (const page of scanAudit(service, range)) {
      if (signal?.aborted) throw new AppError("conflict", "The verification was called off.");
      await verifyInSlices(service, verifier, page);
    }
    return verifier.end(range);
  } finally {
    running.delete(auditStore);
  }
}

async function verifyInSlices(
  { clock }: Pick<Service, "clock">,
  verifier: Verifier,
  page: readonly StoredLine[],
): Promise<void> {
  let startedAt = clock.microseconds();
  for (const [at, { line }] of page.entries()) {
    verifier.line(line);
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
