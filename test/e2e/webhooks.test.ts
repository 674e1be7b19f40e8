import { createHmac } from "node:crypto";
import { writeFileSync } from "node:fs";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { addKey, ask, refund, refundRules, resolve } from "./approval-scene.ts";
import { runToEnd, startService } from "./service.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { waitFor } from "./wait-for.ts";

const SECRET = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;

interface Received {
  readonly path: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

const received: Received[] = [];
/** `/slow` never answers, `/away` redirects to `/trap`, everything else is fine. */
const receiver = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    received.push({ path: request.url, headers: request.headers, body: Buffer.concat(chunks).toString() });
    if (request.url === "/slow") return;
    if (request.url === "/away") response.writeHead(302, { location: "/trap" });
    response.end();
  });
});
await new Promise<void>((listening) => receiver.listen(0, "127.0.0.1", listening));
const { port } = receiver.address() as AddressInfo;
afterAll(() => {
  receiver.closeAllConnections();
  receiver.close();
});

function webhooksFile(text: string): string {
  const path = join(temporaryFolder(), "webhooks.yaml");
  writeFileSync(path, text);
  return path;
}

const entry = (id: string, url: string, isAllowed: boolean) =>
  `  - { id: ${id}, url: "${url}", secret: ${SECRET}${isAllowed ? ", allow: [127.0.0.1]" : ""} }\n`;

interface Delivery {
  readonly id: string;
  readonly webhook_id: string;
  readonly status: string;
  readonly attempts: number;
  readonly last_error?: string;
}

it("people outside hear of an approval, whatever another receiver does, and nothing inside is reached", async () => {
  const local = `http://127.0.0.1:${port}`;
  const file = webhooksFile(
    `webhooks:\n${entry("pager", `${local}/pager`, true)}${entry("slow", `${local}/slow`, true)}` +
      `${entry("away", `${local}/away`, true)}` +
      entry("inside", `https://localhost:${port}/inside`, false),
  );
  const service = await startService({ rulesDir: refundRules(), env: { VERDICT_WEBHOOKS_FILE: file } });
  const alice = await addKey(service, "alice", "approver");
  const id = await ask(service, refund("ch_1", { arguments: { charge: "ch_1", password: "hunter2-hunter2" } }));
  await resolve(service, "deny", id, alice, { reason: "Not today." });

  const heard = await waitFor("both events reach the pager", () => {
    const events = received.filter(({ path }) => path === "/pager");
    return events.length === 2 && events;
  });
  for (const { headers, body } of heard) {
    const text = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`;
    const signature = createHmac("sha256", Buffer.alloc(32, 7)).update(text).digest("base64");
    expect(headers["webhook-signature"]).toBe(`v1,${signature}`);
    expect(body).not.toContain("hunter2");
  }
  const events = heard.map(({ body }) => JSON.parse(body));
  expect(events).toMatchObject([
    { type: "approval.opened", data: { id, status: "pending" } },
    { type: "approval.resolved", data: { id, status: "denied", resolution: { reason: "Not today." } } },
  ]);

  const deliveries = async () => {
    const answer = await service.call<{ items: Delivery[] }>("GET", "/v1/webhooks/deliveries?limit=100", {
      key: alice,
    });
    expect(answer.status).toBe(200);
    return answer.body.items;
  };
  const failed = await waitFor("the others have failed once", async () => {
    const items = (await deliveries()).filter(({ webhook_id }) => ["away", "inside"].includes(webhook_id));
    return items.length === 4 && items.every(({ last_error }) => last_error !== undefined) && items;
  });
  for (const { webhook_id, last_error } of failed) {
    expect(last_error).toMatch(webhook_id === "away" ? /redirect/ : /neither a public address/);
  }
  expect(received.map(({ path }) => path)).not.toContain("/trap");
  expect(received.map(({ path }) => path)).not.toContain("/inside");
  expect(service.output).not.toContain(SECRET.slice(8, 30));

  const silent = await ask(service, refund("ch_2", { action_name: "stripe.quick_refund" }));
  const ended = await waitFor("the expiry reaches the pager, although nobody looks", () => {
    const all = received.filter(({ path }) => path === "/pager").map(({ body }) => JSON.parse(body));
    return all.find(({ type, data }) => type === "approval.expired" && data.id === silent);
  });
  expect(ended.data).toMatchObject({ status: "expired", terms: { on_timeout: "deny" } });
  expect((await service.stop()).code).toBe(0);
});

it.each([
  ["ftp://example.com", "https://"],
  ["https://169.254.169.254/latest/meta-data", "not a public address"],
  ["https://[::ffff:10.0.0.1]/", "not a public address"],
  ["https://2130706433/", "not a public address"],
])("a file that names %s stops the start, with its line and what is allowed", async (url, words) => {
  const file = webhooksFile(`webhooks:\n${entry("pager", url, false)}`);
  const { code, output } = await runToEnd({ env: { VERDICT_WEBHOOKS_FILE: file } });
  expect(code).toBe(1);
  expect(output).toMatch(/webhooks\.yaml:2:/);
  expect(output).toContain(words);
});
