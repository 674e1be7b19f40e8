import { expect, it } from "vitest";
import { createHttpClient } from "./http-client.ts";
import { startLoad } from "./load.ts";
import { startService } from "./service.ts";
import { SHIPPED_RULES } from "./temporary-folder.ts";
import { waitFor } from "./wait-for.ts";

const AGENTS = 200;

it("a crowd gets answers that are recorded and refusals that are not, probes are answered meanwhile, and then all is as before", async () => {
  const service = await startService({ rulesDir: SHIPPED_RULES, env: { VERDICT_QUEUE_MS_MAX: "1" } });
  const crowd = startLoad(service, AGENTS);
  const refusedBefore = 500;
  await waitFor("some are refused", () => crowd.refused.length > refusedBefore && crowd.answered.length > 0, 60_000);
  for (const path of ["/healthz", "/readyz", "/metrics"]) {
    const probe = createHttpClient(service.url);
    expect((await probe.call("GET", path)).status).toBe(200);
    probe.close();
  }
  crowd.end();
  await crowd.over;
  expect(new Set(crowd.refused)).toEqual(new Set([503]));

  const lookup = { action_type: "tool_call", action_name: "crm.get_customer", arguments: { id: "cus_1" } };
  // A busy machine can make one request alone wait for its millisecond.
  const after = await waitFor("one request is still refused", () => service.evaluate(lookup));
  expect(after.decision).toBe("allow");
  const recorded = (await service.auditRecords("kind=decision")).map(({ id }) => id);
  expect(recorded.sort()).toEqual([...crowd.answered, after.request_id].sort());
});
