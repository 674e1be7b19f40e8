import { createHttpClient } from "./http-client.ts";
import type { TestedService } from "./service.ts";
import { waitFor } from "./wait-for.ts";

/** Agents that ask without a pause, each over a connection of its own. */
export interface Load {
  /** Request ids of the decisions that were answered, whole, with 200. */
  readonly answered: readonly string[];
  /** Answers other than 200. */
  readonly refused: readonly number[];
  /** Resolves once so many were answered. */
  reached(count: number): Promise<void>;
  /** Resolves when every agent has lost its connection, or after `end()` has its last answer. */
  readonly over: Promise<void>;
  end(): void;
}

export function startLoad({ url, keys }: TestedService, agents = 8): Load {
  const answered: string[] = [];
  const refused: number[] = [];
  let isEnding = false;

  async function ask(agent: number): Promise<void> {
    const client = createHttpClient(url);
    try {
      for (let turn = 0; !isEnding; turn += 1) {
        const body = {
          action_type: "tool_call",
          action_name: "crm.get_customer",
          arguments: { id: `cus_${agent}_${turn}` },
        };
        const answer = await client.call<{ request_id: string }>("POST", "/v1/policy/evaluate", {
          key: keys.agent,
          body,
        });
        if (answer.status === 200) answered.push(answer.body.request_id);
        else refused.push(answer.status);
      }
    } catch {
      // The service is gone, which is what these tests are about: this agent stops.
    } finally {
      client.close();
    }
  }

  const over = Promise.all(Array.from({ length: agents }, (_, agent) => ask(agent))).then(() => {});
  return {
    answered,
    refused,
    over,
    reached: (count) => waitFor(`${count} answers`, () => answered.length >= count).then(() => {}),
    end: () => {
      isEnding = true;
    },
  };
}
