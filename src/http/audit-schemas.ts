import { z } from "zod";
import { EFFECTS } from "../model/decision.ts";
import { AUDIT_KINDS, type AuditFilters } from "../operations/audit/read-audit.ts";

const instant = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));
const text = z.string().min(1).max(256);

/** Which part of the log, by time. */
export const rangeShape = {
  from: instant
    .optional()
    .meta({ type: "string", description: "At or after (RFC 3339).", examples: ["2026-01-31T00:00:00Z"] }),
  to: instant
    .optional()
    .meta({ type: "string", description: "Before (RFC 3339).", examples: ["2026-02-01T00:00:00Z"] }),
};

/** What every route that selects records understands. */
export const filterShape = {
  ...rangeShape,
  kind: z.enum(AUDIT_KINDS).optional().meta({ description: "Kind of record." }),
  identity: text.optional().meta({ description: "Name of the identity that acted." }),
  action_type: text.optional().meta({ description: "The action's type." }),
  action_name: text.optional().meta({ description: "The action's name." }),
  decision: z.enum(EFFECTS).optional().meta({ description: "What was answered." }),
  rule_id: text.optional().meta({ description: "Full id of the rule that decided." }),
  session_id: text.optional().meta({ description: "The session." }),
};

type MaybeUndefined<T> = { [K in keyof T]?: T[K] | undefined };

/** The filters that were given, and no others. */
export function toFilters(given: MaybeUndefined<AuditFilters>): AuditFilters {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as AuditFilters;
}

const digest = (description: string) =>
  z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .meta({ description });

export const recordSchema = z
  .looseObject({
    version: z.literal(1).meta({ description: "Version of the record's schema." }),
    kind: z.enum(AUDIT_KINDS).meta({ description: "Kind of record; the other fields depend on it." }),
    id: z.uuid().meta({ description: "UUIDv7." }),
    request_id: z.uuid().optional().meta({ description: "Of a decision: its request id, which is `id` again." }),
    time: z.iso.datetime().meta({ description: "When it happened (RFC 3339)." }),
    writer: z.uuid().meta({ description: "Whose chain it is in: a data directory, for as long as the machine runs." }),
    seq: z.int().min(1).meta({ description: "Its place in that chain." }),
    prev_hash: digest("`hash` of the record before it in that chain; zeros for the first."),
    hash: digest("SHA-256 of the stored line up to this field."),
  })
  .meta({
    id: "AuditRecord",
    description: "One record. A decision holds the request as it was sent, who acted, and the whole decision.",
  });

export const RECORD = {
  version: 1,
  kind: "decision",
  id: "01890b6e-7c00-7000-8000-000000000000",
  request_id: "01890b6e-7c00-7000-8000-000000000000",
  time: "2026-01-31T09:00:00.000Z",
  request: {
    action_type: "tool_call",
    action_name: "stripe.refund",
    arguments: { charge: "ch_1", amount: 120 },
    session_id: "run-42",
  },
  identity: { name: "support-agent", roles: ["support"], attributes: {} },
  decision: {
    decision: "approval_required",
    reason: "Refunds above $50 need a person.",
    reason_code: "rule_matched",
    rule_id: "payments/refund-over-cap",
    rule_name: "Refunds over the cap",
    rules: ["payments/refund-over-cap"],
    obligations: [],
    errors: [],
    policy_revision: `sha256:${"0".repeat(64)}`,
    cache_ttl_seconds: 0,
  },
  key_id: "01890b6e-7c00-7000-8000-000000000001",
  latency_us: 21,
  writer: "01890b6e-7c00-7000-8000-000000000002",
  seq: 1,
  prev_hash: "0".repeat(64),
  hash: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
};
