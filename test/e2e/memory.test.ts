import { expect, it } from "vitest";
import { startLoad } from "./load.ts";
import { startService, type TestedService } from "./service.ts";

const MB = 1024 * 1024;

/** What V8 holds for young objects. */
async function youngBytes(service: TestedService): Promise<number> {
  const { body } = await service.call<string>("GET", "/metrics");
  return Number(/^nodejs_heap_space_size_total_bytes\{space="new"\} (\d+)$/m.exec(body)?.[1]);
}

it("a start leaves the young generation small, and load lets it grow", async () => {
  const service = await startService();
  expect(await youngBytes(service)).toBeLessThanOrEqual(8 * MB);
  const load = startLoad(service);
  await load.reached(5000);
  expect(await youngBytes(service)).toBeGreaterThan(8 * MB);
  load.end();
  await load.over;
});
