import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Verdict } from "../src/index.ts";

export interface AnsweringVerdict {
  readonly verdict: Verdict;
  /** What was asked, in order. */
  readonly asked: readonly Record<string, unknown>[];
  close(): Promise<void>;
}

const APPROVAL = "018f0000-0000-7000-8000-0000000000a1";

/** A client of a service that allows `look_up`, allows `masked` with a duty, wants a person for `refund`, who says yes, and denies everything else. */
export async function startAnsweringVerdict(): Promise<AnsweringVerdict> {
  const asked: Record<string, unknown>[] = [];
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += chunk;
    response.setHeader("content-type", "application/json");
    if (request.method === "GET") {
      response.end(
        JSON.stringify({ id: APPROVAL, status: "approved", grant: { expires_at: "2030-01-01T00:00:00.000Z" } }),
      );
      return;
    }
    const body = JSON.parse(text) as Record<string, unknown>;
    asked.push(body);
    response.end(JSON.stringify(answer(body)));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    verdict: new Verdict({ url: `http://127.0.0.1:${port}`, apiKey: "vdt_test" }),
    asked,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function answer({ action_name, approval_id }: Record<string, unknown>): object {
  if (action_name === "masked")
    return { decision: "allow", reason: "Masked.", obligations: [{ type: "redact", params: { fields: ["card"] } }] };
  if (action_name === "look_up" || approval_id === APPROVAL) return { decision: "allow", reason: "Fine." };
  if (action_name === "refund")
    return { decision: "approval_required", reason: "A person.", approval: { id: APPROVAL } };
  return { decision: "deny", reason: "Nobody drops tables.", help_text: "Archive it instead.", rule_id: "sql/drop" };
}
