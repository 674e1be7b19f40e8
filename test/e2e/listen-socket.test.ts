import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { createHttpClient } from "./http-client.ts";
import { runToEnd, startService } from "./service.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const lookup = { action_type: "tool_call", action_name: "crm.get_customer", arguments: { id: "cus_1" } };

it("a socket for sidecars is served beside the port, for owner and group only, and gone after a stop", async () => {
  const path = join(temporaryFolder(), "verdict.sock");
  const env = { VERDICT_LISTEN_SOCKET: path };
  const killed = await startService({ env, until: "listening" });
  await killed.kill();
  expect(existsSync(path)).toBe(true);

  const service = await startService({ env });
  expect((statSync(path).mode & 0o777).toString(8)).toBe("660");
  const sidecar = createHttpClient(`unix:${path}`);
  const asked = { key: service.keys.agent, body: lookup };
  expect(await sidecar.call("POST", "/v1/policy/evaluate", asked)).toMatchObject({ body: { decision: "allow" } });
  expect(await service.evaluate(lookup)).toMatchObject({ decision: "allow" });
  sidecar.close();

  const other = await runToEnd({ env });
  expect(other.code).toBe(1);
  expect(other.output).toContain(
    `cannot listen on ${path}: something else listens there; stop it, or set VERDICT_LISTEN_SOCKET`,
  );
  expect((await service.stop()).code).toBe(0);
  expect(existsSync(path)).toBe(false);
});
