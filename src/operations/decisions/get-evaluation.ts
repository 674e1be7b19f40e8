import type { DecisionRecord } from "../../audit/index.ts";
import type { Caller } from "../../identity/index.ts";
import { AppError } from "../../model/errors.ts";
import { isUuid } from "../../model/uuid.ts";
import { readAudit } from "../audit/read-audit.ts";
import type { Service } from "../service.ts";

/**
 * A past decision. A key sees what it asked itself; `audit:read` sees all.
 * @throws AppError `not_found` (also for another key's decision, so that ids cannot be probed), `insufficient_scope`,
 * `storage_unavailable`
 */
export async function getEvaluation(service: Service, caller: Caller, requestId: string): Promise<DecisionRecord> {
  const seesAll = caller.scopes.has("audit:read");
  if (!seesAll && !caller.scopes.has("evaluate")) {
    throw new AppError("insufficient_scope", "This needs an API key with the scope `evaluate` or `audit:read`.");
  }
  const record = isUuid(requestId) ? await readAudit(service, requestId) : undefined;
  if (record?.kind !== "decision" || (!seesAll && record.key_id !== caller.keyId)) {
    throw new AppError("not_found", "There is no evaluation with this request id.");
  }
  return record;
}
