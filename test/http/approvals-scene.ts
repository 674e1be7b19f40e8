import type { Approval, NewApproval } from "../../src/approvals/index.ts";
import { type ApprovalParts, newApproval } from "../contract/approval-samples.ts";
import { createTestService } from "../test-service.ts";

/** A whole service with keys of people and agents of several tenants. */
export async function createApprovalScene(options: Parameters<typeof createTestService>[0] = {}) {
  const verdict = await createTestService(options);
  const { service, secrets, request } = verdict;
  let opened = 0;

  async function keyOf(name: string, roles: readonly string[], parts: { tenant?: string; roles?: string[] } = {}) {
    const body = { identity: { name, roles: parts.roles ?? [], tenant: parts.tenant }, roles };
    const { body: key } = await request("POST", "/v1/keys", { key: secrets.admin, body });
    return { id: key.id as string, secret: key.key as string };
  }

  return {
    ...verdict,
    keyOf,
    /** Opened for `billing-agent` of `acme`, unless told otherwise; announced as evaluate does. */
    async open(parts: ApprovalParts & Partial<Pick<NewApproval, "requester">> = {}): Promise<Approval> {
      opened += 1;
      const id = service.newId(service.clock.now());
      const asked = {
        ...newApproval(opened, { id, ...parts }),
        ...(parts.requester && { requester: parts.requester }),
      };
      const result = await service.approvalStore.open(asked, service.clock.now(), { pendingMax: 20_000 });
      if (result.outcome !== "opened") throw new Error(result.outcome);
      const { approval } = result;
      await service.approvalAnnouncer.announce(approval.untold!.map((step) => ({ ...step, approval })));
      return approval;
    },
    get: (id: string, key: string, query = "") => request("GET", `/v1/approvals/${id}${query}`, { key }),
    post: (id: string, verb: string, key: string, body?: unknown) =>
      request("POST", `/v1/approvals/${id}/${verb}`, { key, ...(body === undefined ? {} : { body }) }),
    /** Kinds of the recorded steps of approvals, in their order. */
    async steps(): Promise<string[]> {
      await service.flushAudit();
      const lines = await service.auditStore.scan({ limit: 10_000 });
      const kinds = lines.map(({ line }) => JSON.parse(line).kind as string);
      return kinds.filter((kind) => kind.startsWith("approval."));
    },
  };
}
export type ApprovalScene = Awaited<ReturnType<typeof createApprovalScene>>;
