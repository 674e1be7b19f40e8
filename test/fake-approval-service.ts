import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { ApprovalJson } from "../src/cli/approvals/json.ts";
import { createHttpApprovalInbox, type KeyAdminOptions } from "../src/cli/index.ts";

export const APPROVAL_ID = "019b7ca9-8c88-72b5-a21d-d88e00a3fdfd";
export const APPROVER_KEY = `vdt_${"k".repeat(43)}`;

/** As of `FAKE_NOW`, 2026-01-02T03:04:05Z: asked for three minutes ago, with twelve to go. */
export const APPROVAL: ApprovalJson = {
  id: APPROVAL_ID,
  status: "pending",
  created_at: "2026-01-02T03:01:05.000Z",
  expires_at: "2026-01-02T03:16:05.000Z",
  action_type: "tool_call",
  action_name: "stripe.refund",
  session_id: "run-42",
  request: {
    action_type: "tool_call",
    action_name: "stripe.refund",
    arguments: { charge: "ch_1", amount: 120 },
    destination: "https://api.stripe.com/v1/refunds",
    session_id: "run-42",
  },
  requester: {
    name: "support-agent",
    roles: ["support"],
    tenant: "acme",
    key_id: "01890b6e-7c00-7000-8000-00000000000a",
    key_holder: "gateway",
  },
  rule: { id: "payments/refund-over-cap", name: "Refunds over the cap", reason: "Refunds above $50 need a person." },
  policy_revision: "sha256:0000",
  terms: { approvers: [["role:finance-lead", "user:mia"]], quorum: 2, on_timeout: "deny" },
  votes: [{ voter: "tom", at: "2026-01-02T03:03:05.000Z", note: "fine by me" }],
};

export const approvalWith = (changes: Partial<ApprovalJson>): ApprovalJson => ({ ...APPROVAL, ...changes });

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: unknown;
}

/** What answers one request of the service. */
export type Answer = (response: ServerResponse, asked: Asked) => void;

export const json =
  (status: number, body: unknown): Answer =>
  (response) =>
    void response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));

export const problem = (status: number, code: string, detail: string) => json(status, { code, detail, status });

/** An HTTP service whose answers are the test's, and what `CliDeps` needs to reach it. */
export async function createFakeApprovalService(answer: Answer) {
  const asked: Asked[] = [];
  let current = answer;
  const server = createServer(async (request, response) => {
    const text = Buffer.concat(await request.toArray()).toString();
    const { method = "", url: path = "", headers } = request;
    asked.push({ method, path, headers, body: text === "" ? undefined : JSON.parse(text) });
    current(response, asked.at(-1)!);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    asked,
    answer(next: Answer) {
      current = next;
    },
    deps: {
      env: { VERDICT_API_KEY: APPROVER_KEY, VERDICT_URL: url },
      openApprovalInbox: async ({ url: address = url, key = "none" }: KeyAdminOptions) =>
        createHttpApprovalInbox({ url: address, key }),
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
