import { spawn } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { type IncomingMessage, request } from "node:http";
import { join } from "node:path";
import postgres from "postgres";
import { expect, test } from "vitest";
import { packageRoot } from "../../src/package-root.ts";
import { createTestDatabase } from "../servers.ts";
import { freshPostgres } from "../shared-servers.ts";
import { startService, type TestedService } from "./service.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { waitFor } from "./wait-for.ts";

const READ = { action_type: "tool_call", action_name: "crm.get_customer" };

/** The built command in a folder of its own. */
function verdict(cwd: string, env: Record<string, string>, ...argv: string[]) {
  return new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve, reject) => {
    const main = join(packageRoot, "dist", "main.js");
    const child = spawn(process.execPath, [main, ...argv], { cwd, env: { PATH: process.env.PATH, ...env } });
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (chunk) => {
      stdout += chunk;
    });
    child.stderr.on("data", (chunk) => {
      stderr += chunk;
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
}

/** An open stream and what it has given so far. */
async function follow(service: TestedService, lastId?: string) {
  const { hostname, port } = new URL(service.url);
  const headers = { authorization: `Bearer ${service.keys.admin}`, ...(lastId && { "last-event-id": lastId }) };
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request({ hostname, port, path: "/v1/audit/stream?kind=decision", headers, agent: false }, resolve)
      .on("error", reject)
      .end();
  });
  let text = "";
  response.on("data", (chunk) => {
    text += chunk;
  });
  response.on("error", () => undefined);
  await waitFor("the stream does not begin", () => text.includes("id: "));
  return {
    response,
    decisions: () => [...text.matchAll(/^data: (.*)$/gm)].map(([, data]) => JSON.parse(data!).request_id as string),
    lastId: () => [...text.matchAll(/^id: (.*)$/gm)].at(-1)![1]!,
  };
}

test("a stop leaves no rule set of earlier processes out of the archive", async () => {
  const dataDir = join(temporaryFolder(), "data");
  const waiting = join(dataDir, "rule-sets");
  mkdirSync(waiting, { recursive: true });
  for (let nth = 0; nth < 300; nth += 1) {
    const digest = String(nth).padStart(64, "0");
    const kept = { revision: `sha256:${digest}`, sources: [{ path: "a.yaml", content: "version: 1\n" }], at: nth };
    writeFileSync(join(waiting, `${digest}.json`), JSON.stringify(kept));
  }
  const service = await startService({ dataDir });
  expect((await service.stop()).code).toBe(0);
  expect(readdirSync(waiting)).toEqual([]);
});

test("an export of a log that went through a crash is verified offline, and one changed letter is found", async () => {
  const first = await startService();
  const answered = [(await first.evaluate(READ)).request_id];
  await first.kill();
  const service = await startService({ dataDir: first.dataDir });
  answered.push((await service.evaluate(READ)).request_id);

  const folder = temporaryFolder();
  const here = { VERDICT_DATA_DIR: service.dataDir };
  const exported = await verdict(folder, here, "audit", "export", "--output", "export.ndjson");
  expect(exported).toEqual({ code: 0, stdout: "export.ndjson\n", stderr: "" });
  const { stdout: pem } = await verdict(folder, here, "audit", "public-key");
  writeFileSync(join(folder, "key.pem"), pem);
  expect((await verdict(folder, here, "audit", "verify")).stdout).toMatch(/^VALID {2}the log/);
  const both = await verdict(folder, here, "audit", "verify", "export.ndjson", "--with-service");
  expect([both.code, both.stdout.match(/^VALID/gm)?.length]).toEqual([0, 3]);
  await service.stop();

  // The service is gone: its database is read directly, and an export of that is as good.
  const direct = await verdict(folder, here, "audit", "verify", "--public-key", "key.pem");
  expect([direct.code, direct.stdout.split("\n")[0]]).toEqual([0, "VALID  the log"]);
  expect((await verdict(folder, here, "audit", "export", "--output", "later.ndjson")).code).toBe(0);
  expect((await verdict(folder, {}, "audit", "verify", "later.ndjson", "--public-key", "key.pem")).code).toBe(0);

  const offline = () => verdict(folder, {}, "audit", "verify", "export.ndjson", "--public-key", "key.pem");
  expect((await offline()).code).toBe(0);
  const file = readFileSync(join(folder, "export.ndjson"), "utf8");
  const lines = file.split("\n");
  for (const id of answered) expect(lines.filter((line) => line.includes(`"request_id":"${id}"`))).toHaveLength(1);
  writeFileSync(join(folder, "export.ndjson"), file.replace("crm.get_customer", "crm.set_customer"));
  const { code, stdout } = await offline();
  expect(code).toBe(1);
  expect(stdout).toContain("hash_mismatch");
});

test("what was recorded is signed when its time has come, and at the end of the process", async () => {
  const service = await startService({ env: { VERDICT_AUDIT_CHECKPOINT_SECONDS: "1" } });
  await service.evaluate(READ);
  const kinds = async () => (await service.auditRecords()).map(({ kind }) => kind);
  await waitFor("the decision is not signed", async () => (await kinds()).at(-1) === "checkpoint");
  const { request_id } = await service.evaluate(READ);
  await service.stop();

  const folder = temporaryFolder();
  const here = { VERDICT_DATA_DIR: service.dataDir };
  expect((await verdict(folder, here, "audit", "export", "--output", "export.ndjson")).code).toBe(0);
  const lines = readFileSync(join(folder, "export.ndjson"), "utf8").trim().split("\n");
  const records = lines.slice(0, -1).map((line) => JSON.parse(line) as { id: string; kind: string });
  expect(records.at(-1)!.kind).toBe("checkpoint");
  expect(records.some(({ id }) => id === request_id)).toBe(true);
});

const server = await freshPostgres();

test.skipIf(server === undefined)("who may read the database verifies it with the public key alone", async () => {
  const { url } = await createTestDatabase(server!);
  const service = await startService({ env: { DATABASE_URL: url } });
  await service.evaluate(READ);
  const folder = temporaryFolder();
  const { stdout: pem } = await verdict(folder, { VERDICT_DATA_DIR: service.dataDir }, "audit", "public-key");
  writeFileSync(join(folder, "key.pem"), pem);
  await service.stop();

  const verify = () => verdict(folder, { DATABASE_URL: url }, "audit", "verify", "--public-key", "key.pem");
  expect((await verify()).stdout).toMatch(/^VALID {2}the log/);
  const nothing = await verdict(folder, { DATABASE_URL: url }, "audit", "verify");
  expect([nothing.code, nothing.stderr]).toEqual([1, expect.stringContaining("a public key is needed")]);
  const sql = postgres(url, { max: 1 });
  await sql`update audit_records set record = replace(record::text, '"allow"', '"deny"')::json where kind = 'decision'`;
  await sql.end();
  const found = await verify();
  expect([found.code, found.stdout]).toEqual([1, expect.stringContaining("hash_mismatch")]);
});

test("a stream sees each decision once within its stop and another process, and does not hold up the stop", async () => {
  const first = await startService();
  const before = await follow(first);
  const ids = [(await first.evaluate(READ)).request_id, (await first.evaluate(READ)).request_id];
  await waitFor("the decisions do not arrive", () => before.decisions().length === 2);
  const seen = before.lastId();
  ids.push((await first.evaluate(READ)).request_id);
  const { code, output } = await first.stop();
  expect(code).toBe(0);
  expect(output).toContain('"msg":"stopped"');
  expect(before.response.complete).toBe(true);

  const second = await startService({ dataDir: first.dataDir });
  ids.push((await second.evaluate(READ)).request_id);
  const after = await follow(second, seen);
  await waitFor("the missing decisions do not arrive", () => after.decisions().length === 2);
  expect(ids.slice(0, 2).concat(after.decisions())).toEqual(ids);
});
