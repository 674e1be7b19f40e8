import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { startService } from "./service.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { waitFor } from "./wait-for.ts";

const lookup = { action_type: "tool_call", action_name: "crm.get_customer", arguments: { id: "cus_1" } };

const rules = (decision: string) => `
version: 1
policy: lookup
rules:
  - { id: lookup, action: { name: crm.get_customer }, decision: ${decision}, reason: As the candidate says. }
`;

it("a candidate decides beside the active rules, without effect, and differences are counted and recorded", async () => {
  const shadow = join(temporaryFolder(), "shadow");
  mkdirSync(shadow);
  const file = join(shadow, "lookup.yaml");
  writeFileSync(file, "not: rules\n");
  const service = await startService({ env: { VERDICT_SHADOW_RULES_DIR: shadow } });
  expect(await service.evaluate(lookup)).toMatchObject({ decision: "allow" });
  expect(service.output).toContain("the shadow rules have errors; nothing is compared");

  writeFileSync(file, rules("deny"));
  const found = await waitFor("the candidate is compared", async () => {
    expect(await service.evaluate(lookup)).toMatchObject({ decision: "allow" });
    return (await service.auditRecords("kind=shadow.differed"))[0];
  });
  expect(found).toMatchObject({ data: { active: { decision: "allow" }, shadow: { decision: "deny" } } });
  const { body: metrics } = await service.call<string>("GET", "/metrics");
  expect(metrics).toMatch(/verdict_shadow_decisions_total\{active="allow",shadow="deny"\} [1-9]/);
});
