import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type { EvaluateResponse } from "../../src/model/response.ts";
import type { Ledger } from "./audit-ledger.ts";
import { createHttpClient, type HttpClient } from "./http-client.ts";
import type { TestedService } from "./service.ts";

/** Clients that ask again and again, each over a connection of its own and for something else. */
export interface AuditLoad {
  /** Resolves when every client has lost its connection, or after `end()` has its last answer. */
  readonly over: Promise<void>;
  end(): void;
}

interface Asked {
  readonly path: string;
  readonly key: string;
  readonly body: object;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What one client sends in its turn. */
type Client = (keys: TestedService["keys"], turn: number) => Asked;

const EVALUATE = "/v1/policy/evaluate";
const BATCH = 20;
/** Answers that one load can have under way. */
export const UNDER_WAY_MAX = 5 + BATCH;
/** A service holds all of its keys in memory. */
const KEY_EVERY = 100;
/** Batches are written in one piece, so a crash may cut one: some are long. */
const PADDING = "x".repeat(20_000);

const CLIENTS: readonly Client[] = [
  ({ agent, admin }, turn) =>
    turn % KEY_EVERY === 1
      ? { path: "/v1/keys", key: admin, body: { identity: { name: "made under load" }, roles: ["agent"] } }
      : { path: EVALUATE, key: agent, body: tool("crm.get_customer", { id: "cus_1" }) },
  ({ agent }, turn) => ({
    path: EVALUATE,
    key: agent,
    body: { ...tool("stripe.refund", { amount: turn % 100 }), session_id: `run-${turn}` },
    headers: { "x-request-id": `client-${turn}` },
  }),
  ({ agent }, turn) => ({
    path: EVALUATE,
    key: agent,
    // Made here, so that no scanner finds a secret in this file.
    body: tool("crm.get_customer", { password: randomBytes(12).toString("hex"), turn }),
  }),
  // Without the argument that its rule reads: an error, and so a deny.
  ({ agent }, turn) => ({ path: EVALUATE, key: agent, body: tool("stripe.refund", { turn, padding: PADDING }) }),
  ({ gateway }, turn) => ({
    path: EVALUATE,
    key: gateway,
    body: {
      ...tool("crm.get_customer", { id: `cus_${turn}` }),
      identity: { name: `agent-${turn % 7}`, roles: ["agent"], attributes: { team: "support" } },
      explain: true,
    },
  }),
  ({ agent }, turn) => ({
    path: `${EVALUATE}/batch`,
    key: agent,
    body: { requests: Array.from({ length: BATCH }, (_, nth) => tool("stripe.refund", { amount: turn + nth })) },
  }),
];

/** Starts them all. What they are answered goes into `ledger`. @param pauseMs of each client after an answer */
export function startAuditLoad(
  { url, keys }: Pick<TestedService, "url" | "keys">,
  ledger: Ledger,
  pauseMs = 0,
): AuditLoad {
  let isEnding = false;

  async function ask(each: (client: HttpClient, turn: number) => Promise<void>): Promise<void> {
    const client = createHttpClient(url);
    try {
      for (let turn = 0; !isEnding; turn += 1) await each(client, turn);
    } catch {
      // The service is gone, which is what these tests are about: this client stops.
    } finally {
      client.close();
    }
  }

  const clients = CLIENTS.map((asks) =>
    ask(async (client, turn) => {
      const { path, ...asked } = asks(keys, turn);
      const { status, body } = await client.call<AnswerBody>("POST", path, asked);
      if (status === 201) ledger.addKey(body.id!);
      else if (status !== 200) ledger.addRefusal({ status, code: body.code ?? "" });
      else for (const answer of body.results ?? [body]) ledger.addAnswer(answer);
      if (pauseMs > 0) await pause(pauseMs);
    }),
  );
  return {
    over: Promise.all(clients).then(() => {}),
    end: () => {
      isEnding = true;
    },
  };
}

/** Of a decision, a batch, a new key or a problem. */
type AnswerBody = EvaluateResponse & {
  readonly results?: readonly EvaluateResponse[];
  readonly id?: string;
  readonly code?: string;
};

function tool(name: string, args: object) {
  return { action_type: "tool_call", action_name: name, arguments: args };
}

/** Rules for these clients; each `cap` makes another revision. */
export const loadRules = (cap: number) => `
version: 1
policy: load
rules:
  - id: lookup
    action: { type: tool_call, name: crm.get_customer }
    decision: allow
    reason: Customers may be looked up.
  - id: refund
    action: { type: tool_call, name: stripe.refund }
    decision: allow
    reason: Small refunds are fine.
    obligations: [{ type: notify, params: { channel: refunds } }]
  - id: refund-over-cap
    action: { type: tool_call, name: stripe.refund }
    when: arguments.amount > ${cap}
    decision: deny
    reason: A refund over the cap is refused.
`;
