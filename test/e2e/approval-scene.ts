import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { EvaluateResponse } from "../../src/model/response.ts";
import type { TestedService } from "./service.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** What a service shows of an approval, as far as tests look. */
export interface ShownApproval {
  readonly id: string;
  readonly status: "pending" | "approved" | "denied" | "expired" | "cancelled";
  readonly resolution?: { readonly reason?: string; readonly by?: string };
}

const RULES = `
version: 1
policy: pay
rules:
  - { id: look, action: { name: crm.get_customer }, decision: allow }
  - { id: refund, action: { name: stripe.refund }, decision: approval_required, reason: A refund needs a person. }
  - id: quick
    action: { name: stripe.quick_refund }
    decision: approval_required
    reason: A quick refund needs a quick person.
    approval: { timeout: 1s }
  - id: silent
    action: { name: stripe.small_refund }
    decision: approval_required
    reason: A small refund may go after a moment.
    approval: { timeout: 1s, on_timeout: allow }
`;

/** Rules under which refunds need a person. */
export function refundRules(): string {
  const folder = join(temporaryFolder(), "rules");
  mkdirSync(folder);
  writeFileSync(join(folder, "pay.yaml"), RULES);
  return folder;
}

export const refund = (charge: string, rest: object = {}) => ({
  action_type: "tool_call",
  action_name: "stripe.refund",
  arguments: { charge, amount: 120 },
  session_id: "run-1",
  ...rest,
});

/** A key of its own for one more person or agent. @returns the secret */
export async function addKey(service: TestedService, name: string, role: "approver" | "agent"): Promise<string> {
  const body = { identity: { name, roles: [role] }, roles: [role] };
  const { status, body: made } = await service.call<{ key: string }>("POST", "/v1/keys", {
    key: service.keys.admin,
    body,
  });
  if (status !== 201) throw new Error(`keys: ${status} ${JSON.stringify(made)}`);
  return made.key;
}

/** Asks for what needs a person. @returns the approval's id */
export async function ask(service: TestedService, body: object, key?: string): Promise<string> {
  const { decision, approval, reason } = await service.evaluate(body, key);
  if (decision !== "approval_required" || approval === undefined) throw new Error(`${decision}: ${reason}`);
  return approval.id;
}

export type Resolving = "approve" | "deny" | "cancel";

const BODIES = { approve: {}, deny: { reason: "No." }, cancel: {} };

export function resolve(service: TestedService, how: Resolving, id: string, key: string, body: object = BODIES[how]) {
  return service.call<ShownApproval & { code?: string; current_status?: string }>(
    "POST",
    `/v1/approvals/${id}/${how}`,
    { key, body },
  );
}

export async function show(service: TestedService, id: string, key: string, waitSeconds = 0): Promise<ShownApproval> {
  const query = waitSeconds === 0 ? "" : `?wait_seconds=${waitSeconds}`;
  const { status, body } = await service.call<ShownApproval>("GET", `/v1/approvals/${id}${query}`, { key });
  if (status !== 200) throw new Error(`approval: ${status} ${JSON.stringify(body)}`);
  return body;
}

export const use = (service: TestedService, id: string, body: object, key?: string): Promise<EvaluateResponse> =>
  service.evaluate({ ...body, approval_id: id }, key);
