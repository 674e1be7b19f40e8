import { expect, test } from "vitest";
import { createMetrics, mergeExpositions } from "./index.ts";

test("each metric is described once, with the series of all workers together", async () => {
  const workers = ["1", "2"].map((worker) => createMetrics({ worker }));
  workers[0]!.recordDecision("allow", "rule_matched", 20);
  workers[1]!.recordDecision("allow", "rule_matched", 20);
  workers[1]!.recordDecision("allow", "rule_matched", 2000);
  for (const metrics of workers) metrics.setRuleSet("sha256:aa", 3);
  const merged = mergeExpositions(await Promise.all(workers.map((metrics) => metrics.render())));

  const lines = merged.split("\n");
  const described = lines.filter((line) => line.startsWith("# TYPE"));
  expect(described).toEqual([...new Set(described)]);
  expect(lines.filter((line) => line.startsWith("verdict_rules"))).toEqual([
    'verdict_rules{worker="1"} 3',
    'verdict_rules{worker="2"} 3',
  ]);
  expect(merged).toContain('verdict_decisions_total{decision="allow",reason_code="rule_matched",worker="2"} 2');
  expect(merged).toContain('verdict_decision_duration_seconds_bucket{le="0.000025",worker="2"} 1');
  expect(merged).toContain('verdict_decision_duration_seconds_count{worker="1"} 1');
  for (const line of lines) if (line !== "" && !line.startsWith("#")) expect(line).toMatch(/worker="[12]"/);
});

test("nothing gives nothing, and one text is kept as it is", async () => {
  expect(mergeExpositions([])).toBe("");
  const text = "# HELP a b\n# TYPE a counter\na 1\n\n# HELP c d\n# TYPE c gauge\n";
  expect(mergeExpositions([text])).toBe(text);
});
