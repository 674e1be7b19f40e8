import { approvalPath } from "./approval-id.ts";
import { canonicalJson } from "./canonical-json.ts";
import { asObject } from "./decision.ts";
import type { Settings } from "./settings.ts";
import type { Transport } from "./transport.ts";
import { readApproval } from "./wait-for-approval.ts";
import type { Approval, ApprovalList, ApprovalSearch } from "./wire.ts";

/** What agents and people do with approvals. Each throws `VerdictError` and `ServerUnreachable`. */
export class Approvals {
  readonly #transport: Transport;
  readonly #timeoutMs: number;

  constructor(transport: Transport, { timeoutMs }: Pick<Settings, "timeoutMs">) {
    this.#transport = transport;
    this.#timeoutMs = timeoutMs;
  }

  /** A page, newest first. Go on with `next_cursor` until that is null. */
  async list(search: ApprovalSearch = {}): Promise<ApprovalList> {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(search)) if (value !== undefined) query.set(name, String(value));
    const text = query.toString();
    return asObject(await this.#get(`/v1/approvals${text && `?${text}`}`)) as ApprovalList;
  }

  async get(id: string): Promise<Approval> {
    return readApproval(await this.#get(approvalPath(id)), id);
  }

  /** Says yes. It is one vote of as many as the rule wants. */
  async approve(id: string, { note }: { readonly note?: string } = {}): Promise<Approval> {
    return this.#answer(id, "approve", { note });
  }

  /** Says no. The agent acts on the reason. */
  async deny(id: string, { reason }: { readonly reason: string }): Promise<Approval> {
    return this.#answer(id, "deny", { reason });
  }

  /** Takes the question back. */
  async cancel(id: string, { reason }: { readonly reason?: string } = {}): Promise<Approval> {
    return this.#answer(id, "cancel", { reason });
  }

  #get(path: string): Promise<unknown> {
    return this.#transport.send({
      method: "GET",
      path,
      timeoutMs: this.#timeoutMs,
      mayRepeatBroken: true,
      mayRepeatBusy: true,
    });
  }

  async #answer(id: string, verb: string, body: Readonly<Record<string, string | undefined>>): Promise<Approval> {
    const answer = await this.#transport.send({
      method: "POST",
      path: `${approvalPath(id)}/${verb}`,
      body: canonicalJson(body),
      timeoutMs: this.#timeoutMs,
      // It may have counted although no answer came, or although a 503 did: who asks looks at the approval first.
      mayRepeatBroken: false,
      mayRepeatBusy: false,
    });
    return readApproval(answer, id);
  }
}
