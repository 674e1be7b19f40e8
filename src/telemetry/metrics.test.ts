import { describe, expect, test } from "vitest";
import { EFFECTS, REASON_CODES } from "../model/decision.ts";
import { createMetrics } from "./index.ts";

async function samples(metrics: ReturnType<typeof createMetrics>, prefix: string) {
  const text = await metrics.render();
  const lines = text.split("\n").filter((line) => line.startsWith(prefix));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ")))]),
  );
}

describe("decisions", () => {
  test("are counted by outcome and reason code", async () => {
    const metrics = createMetrics();
    metrics.recordDecision("allow", "rule_matched", 20);
    metrics.recordDecision("allow", "rule_matched", 20);
    metrics.recordDecision("deny", "no_matching_rule", 20);
    const found = await samples(metrics, "verdict_decisions_total");
    expect(found.get('verdict_decisions_total{decision="allow",reason_code="rule_matched"}')).toBe(2);
    expect(found.get('verdict_decisions_total{decision="deny",reason_code="no_matching_rule"}')).toBe(1);
    expect(found.get('verdict_decisions_total{decision="deny",reason_code="audit_unavailable"}')).toBe(0);
  });

  test("no pair of outcome and reason code is lost, and a second scrape shows the same", async () => {
    const metrics = createMetrics();
    for (const effect of EFFECTS) for (const code of REASON_CODES) metrics.recordDecision(effect, code, 1);
    await metrics.render();
    const found = await samples(metrics, "verdict_decisions_total");
    expect([...found.values()]).toEqual(Array(EFFECTS.length * REASON_CODES.length).fill(1));
  });

  test("are in the cumulative bucket of their latency, from 10 us to 100 ms", async () => {
    const metrics = createMetrics();
    for (const microseconds of [0, 10, 10.1, 999, 100_000, 100_001]) {
      metrics.recordDecision("allow", "rule_matched", microseconds);
    }
    const name = "verdict_decision_duration_seconds";
    const found = await samples(metrics, name);
    const bucket = (le: string) => found.get(`${name}_bucket{le="${le}"}`);
    expect([bucket("0.00001"), bucket("0.000025"), bucket("0.001"), bucket("0.1"), bucket("+Inf")]).toEqual([
      2, 3, 4, 5, 6,
    ]);
    expect(found.get(`${name}_count`)).toBe(6);
    expect(found.get(`${name}_sum`)).toBeCloseTo(0.2010201, 7);
  });
});

describe("the rest", () => {
  test("only the active revision is shown", async () => {
    const metrics = createMetrics();
    expect((await samples(metrics, "verdict_rule_set_info")).size).toBe(0);
    metrics.setRuleSet("sha256:aa", 3);
    metrics.setRuleSet("sha256:bb", 4);
    expect([...(await samples(metrics, "verdict_rule"))]).toEqual([
      ['verdict_rule_set_info{revision="sha256:bb"}', 1],
      ["verdict_rules", 4],
    ]);
  });

  test("a refused reload is visible as such", async () => {
    const metrics = createMetrics();
    metrics.recordReload("refused");
    expect([...(await samples(metrics, "verdict_reloads_total")).values()]).toEqual([0, 0, 1]);
  });

  test("answers are counted by route template and status; one template is one counter", async () => {
    const metrics = createMetrics();
    metrics.requestCounter("/v1/audit/{request_id}")(200);
    metrics.requestCounter("/v1/audit/{request_id}")(200);
    const count = metrics.requestCounter("unmatched");
    count(404);
    count(Number.NaN);
    expect([...(await samples(metrics, "verdict_http_requests_total"))]).toEqual([
      ['verdict_http_requests_total{route="/v1/audit/{request_id}",status="200"}', 2],
      ['verdict_http_requests_total{route="unmatched",status="0"}', 1],
      ['verdict_http_requests_total{route="unmatched",status="404"}', 1],
    ]);
  });

  test("the spool is read when it is scraped", async () => {
    const metrics = createMetrics();
    let pending = 1;
    const spool = {
      get pending() {
        return pending;
      },
      bytes: 512,
      oldestTime: () => (pending === 0 ? undefined : 2000),
    };
    metrics.observeSpool(spool, () => 5500);
    pending = 7;
    expect([...(await samples(metrics, "verdict_audit_spool"))]).toEqual([
      ["verdict_audit_spool_records", 7],
      ["verdict_audit_spool_bytes", 512],
      ["verdict_audit_spool_oldest_seconds", 3.5],
    ]);
    pending = 0;
    expect((await samples(metrics, "verdict_audit_spool")).get("verdict_audit_spool_oldest_seconds")).toBe(0);
  });

  test("the process is shown, and two services in one process do not share numbers", async () => {
    const [one, other] = [createMetrics(), createMetrics()];
    one.recordDecision("allow", "rule_matched", 1);
    const found = await samples(other, "");
    expect(found.get('verdict_decisions_total{decision="allow",reason_code="rule_matched"}')).toBe(0);
    expect(found.get("process_resident_memory_bytes")).toBeGreaterThan(0);
    expect(one.contentType).toContain("text/plain");
  });
});
