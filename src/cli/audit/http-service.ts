import type { IncomingMessage } from "node:http";
import { publicKeyPem, type VerifyReport } from "../../audit/index.ts";
import { CliError } from "../cli-error.ts";
import { EXIT } from "../exit-codes.ts";
import { isObject } from "../key-json.ts";
import { createServiceClient, type ServiceAccess, wholeBody } from "../service/client.ts";
import { notVerdict } from "../service/problem.ts";
import type { AuditDownload, AuditService } from "./deps.ts";

export interface HttpAuditServiceOptions extends ServiceAccess {
  /** How long the service may send nothing. A large log takes minutes to verify. */
  readonly idleMs?: number;
}

const IDLE_MS = 3_600_000;

/** Reads the audit log over the service's HTTP interface, with a key that has the scope `audit:read`. */
export function createHttpAuditService({ idleMs = IDLE_MS, ...access }: HttpAuditServiceOptions): AuditService {
  const { base, send, json } = createServiceClient(access, { hints: HINTS });
  return {
    async verify(range, publicKeys) {
      if (publicKeys !== undefined) {
        throw new CliError("a service verifies its log with its own keys", {
          exitCode: EXIT.usage,
          hint: "To trust only the key that you have, `verdict audit export` the log and verify the file.",
        });
      }
      const report = await json("POST", "v1/audit/verify", { body: range, idleMs });
      if (!isReport(report)) throw notVerdict(base);
      return report;
    },
    async export(format, selection) {
      const query = new URLSearchParams({ ...selection, format });
      return downloadOf(await send("GET", `v1/audit/export?${query}`, { idleMs }), base);
    },
    async keys() {
      const answer = await json("GET", "v1/audit/keys", { idleMs });
      const items = isObject(answer) && Array.isArray(answer.items) ? answer.items : undefined;
      if (items === undefined || !items.every(isKey)) throw notVerdict(base);
      return new Map(items.map((item) => [item.key_id, publicKeyPem({ publicKey: item.public_key })]));
    },
    async close() {},
  };
}

function downloadOf(response: IncomingMessage, base: URL): AuditDownload {
  const disposition = response.headers["content-disposition"] ?? "";
  // SECURITY: the server's choice; nothing that could be a path or hide a file.
  const fileName = /^attachment; filename="([A-Za-z0-9][A-Za-z0-9-]{0,100}\.(?:ndjson|csv))"$/.exec(disposition)?.[1];
  return { fileName, chunks: wholeBody(response, base) };
}

const NEEDED = "Use a key of this service with the scope `audit:read`, such as one with the role `auditor`.";
const HINTS: Readonly<Record<string, string>> = {
  unauthenticated: NEEDED,
  key_expired: NEEDED,
  key_revoked: NEEDED,
  insufficient_scope: NEEDED,
  host_forbidden: "Use a name that is in the service's VERDICT_ALLOWED_HOSTS.",
  not_found: "Is the address that of Verdict itself, and is it new enough?",
  storage_unavailable: "Try again in a moment; the service's log says more.",
  not_ready: "Try again in a moment; the service's log says more.",
};

function isReport(value: unknown): value is VerifyReport {
  if (!isObject(value) || typeof value.valid !== "boolean") return false;
  const counts = [value.records, value.checkpoints, value.records_after_checkpoints, value.unsigned, value.errors];
  if (!counts.every((count) => typeof count === "number") || !Array.isArray(value.writers)) return false;
  // INVARIANT: a report that names an error is never shown as valid.
  return value.valid === (value.errors === 0) && (value.valid || isObject(value.first_error));
}

const isKey = (value: unknown): value is { key_id: string; public_key: string } =>
  isObject(value) &&
  typeof value.key_id === "string" &&
  typeof value.public_key === "string" &&
  /^[A-Za-z0-9+/]{20,200}={0,2}$/.test(value.public_key);
