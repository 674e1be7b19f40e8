import { request } from "node:http";

/** Reads `/v1/policy/stream` over one connection. */
export interface PolicyFollower {
  /** The type of each event, with its data. */
  readonly events: readonly (readonly [type: string, data: Readonly<Record<string, unknown>>])[];
  /** How it was answered, and what came after its end. */
  readonly status: number;
  readonly hasEnded: boolean;
  close(): void;
}

/** Resolves when it is answered. */
export function followPolicy(url: string, key: string): Promise<PolicyFollower> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${key}` };
    const asked = request(new URL("/v1/policy/stream", url), { headers, agent: false }, (response) => {
      const events: [string, Record<string, unknown>][] = [];
      const follower = { events, status: response.statusCode ?? 0, hasEnded: false, close: () => asked.destroy() };
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        const blocks = (text + chunk).split("\n\n");
        text = blocks.pop()!;
        for (const block of blocks) {
          const [, type, data] = /^event: (.*)\ndata: (.*)$/.exec(block) ?? [];
          if (type !== undefined) events.push([type, JSON.parse(data!)]);
        }
      });
      response.on("error", () => {});
      response.on("close", () => {
        follower.hasEnded = true;
      });
      resolve(follower);
    });
    asked.once("error", reject);
    asked.end();
  });
}
