import { APPROVAL_STATUSES } from "../../model/decision.ts";
import { EXIT } from "../exit-codes.ts";
import { isObject } from "../key-json.ts";
import { createServiceClient, type ServiceAccess, type ServiceClient, wholeBody } from "../service/client.ts";
import { readEvents } from "../service/event-stream-reader.ts";
import { type Advice, notVerdict } from "../service/problem.ts";
import type { ApprovalEvent, ApprovalInbox, ApprovalSelection } from "./deps.ts";
import { type ApprovalJson, isApprovalJson } from "./json.ts";

export interface HttpApprovalInboxOptions extends ServiceAccess {
  /** How long the service may leave a request without an answer. */
  readonly answerMs?: number;
  /** How long the stream may be quiet. */
  readonly quietMs?: number;
}

const ANSWER_MS = 10_000;
/** Three of the heartbeats that the service sends. */
const QUIET_MS = 45_000;
const PAGE_ITEMS = 100;
/** Of one approval: a request at its largest, every byte of it escaped. */
const EVENT_CHARS_MAX = 4 * 1024 * 1024;

/** Reads and answers approvals over the service's HTTP interface. */
export function createHttpApprovalInbox(options: HttpApprovalInboxOptions): ApprovalInbox {
  const { answerMs: idleMs = ANSWER_MS, quietMs = QUIET_MS, ...access } = options;
  const client = createServiceClient(access, ADVICE);
  const { base, json } = client;

  async function one(method: string, path: string, body?: unknown): Promise<ApprovalJson> {
    const answer = await json(method, path, { idleMs, body });
    if (!isApprovalJson(answer)) throw notVerdict(base);
    return answer;
  }

  async function page(selection: ApprovalSelection, limit: number, cursor: string | null) {
    const query = new URLSearchParams({ ...selection, limit: String(limit), ...(cursor === null ? {} : { cursor }) });
    const answer = await json("GET", `v1/approvals?${query}`, { idleMs });
    if (!isObject(answer) || !Array.isArray(answer.items) || !answer.items.every(isApprovalJson))
      throw notVerdict(base);
    const next = typeof answer.next_cursor === "string" ? answer.next_cursor : null;
    return { items: answer.items as readonly ApprovalJson[], next };
  }

  return {
    name: access.socketPath === undefined ? base.origin : access.socketPath,
    async list(selection, limit) {
      const items: ApprovalJson[] = [];
      let cursor: string | null = null;
      do {
        const { items: more, next } = await page(selection, Math.min(limit - items.length, PAGE_ITEMS), cursor);
        items.push(...more);
        cursor = more.length === 0 ? null : next;
      } while (cursor !== null && items.length < limit);
      return { items, next_cursor: cursor };
    },
    get: (id) => one("GET", pathOf(id)),
    approve: (id, answer) => one("POST", `${pathOf(id)}/approve`, answer),
    deny: (id, answer) => one("POST", `${pathOf(id)}/deny`, answer),
    cancel: (id, answer) => one("POST", `${pathOf(id)}/cancel`, answer),
    follow: (signal) => follow(client, quietMs, signal),
    async close() {},
  };
}

const pathOf = (id: string) => `v1/approvals/${encodeURIComponent(id)}`;

async function* follow(
  { base, send }: ServiceClient,
  idleMs: number,
  signal: AbortSignal,
): AsyncGenerator<ApprovalEvent> {
  const response = await send("GET", "v1/approvals/stream", { idleMs, signal });
  if (!response.headers["content-type"]?.startsWith("text/event-stream")) {
    response.destroy();
    throw notVerdict(base);
  }
  try {
    for await (const { type, data } of readEvents(wholeBody(response, base), EVENT_CHARS_MAX)) {
      if (type === "synced") yield { kind: "synced" };
      // A newer service may tell more.
      else if (isStatus(type)) yield { kind: "approval", approval: approvalIn(data, base) };
    }
  } catch (error) {
    throw error instanceof RangeError ? notVerdict(base) : error;
  } finally {
    response.destroy();
  }
}

const isStatus = (type: string) => (APPROVAL_STATUSES as readonly string[]).includes(type);

function approvalIn(data: string, base: URL): ApprovalJson {
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    // Not JSON is not an approval either.
  }
  if (!isApprovalJson(value)) throw notVerdict(base);
  return value;
}

const NEEDED =
  "Set VERDICT_API_KEY to a key of this service, such as one with the role `approver`; to cancel, the key that asked.";
const LATER = "Try again in a moment; the service's log says more.";
const UNCERTAIN =
  "Try again in a moment. An answer that was given may count already; `verdict approvals show` says whether it does.";

const ADVICE: Advice = {
  hints: {
    unauthenticated: NEEDED,
    key_expired: NEEDED,
    key_revoked: NEEDED,
    insufficient_scope: NEEDED,
    approver_required: "`verdict approvals show` lists who may answer it.",
    host_forbidden: "Use a name that is in the service's VERDICT_ALLOWED_HOSTS.",
    not_found:
      "`verdict approvals list` shows the ids that this key may see. Is the address that of Verdict itself, and is it new enough?",
    conflict: "`verdict approvals show` says what became of it.",
    too_many_requests: LATER,
    storage_unavailable: UNCERTAIN,
    audit_unavailable: UNCERTAIN,
    not_ready: LATER,
  },
  exitCodes: { conflict: EXIT.conflict },
};
