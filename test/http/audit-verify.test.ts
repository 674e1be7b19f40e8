import { beforeEach, describe, expect, test } from "vitest";
import type { AuditScan, StoredLine } from "../../src/audit/index.ts";
import { createTestService } from "../test-service.ts";

let verdict: Awaited<ReturnType<typeof createTestService>>;
beforeEach(async () => {
  verdict = await createTestService();
});
const READ = { action_type: "tool_call", action_name: "crm.get" };
const verify = (body?: unknown, key = verdict.secrets.auditor) =>
  verdict.request("POST", "/v1/audit/verify", { key, ...(body === undefined ? undefined : { body }) });

/** Gives `change` what each scan found. */
function tamper(change: (lines: StoredLine[]) => StoredLine[] | Promise<StoredLine[]>) {
  const { auditStore } = verdict.service;
  const { scan } = auditStore;
  Object.assign(auditStore, { scan: async (query: AuditScan) => change(await scan(query)) });
}

describe("verification over HTTP", () => {
  test("is refused without the scope and for a body that is wrong", async () => {
    expect((await verify({}, verdict.secrets.agent)).body.code).toBe("insufficient_scope");
    for (const body of [{ from: "yesterday" }, { until: "2026-01-01T00:00:00Z" }, { kind: "decision" }, []]) {
      expect([body, (await verify(body)).body.code]).toEqual([body, "invalid_request"]);
    }
    const { auditor: key } = verdict.secrets;
    expect((await verdict.request("POST", "/v1/audit/verify", { key, text: "{" })).body.code).toBe("malformed_json");
    expect((await verdict.request("POST", "/v1/audit/verify", { key, text: "" })).body.code).toBe("malformed_json");
  });

  test("sees what was answered a moment ago, with a body or without", async () => {
    await verdict.evaluate(READ);
    await verdict.spool.checkpoint();
    await verdict.evaluate(READ);
    const { status, body } = await verify();
    expect([status, body.valid, body.checkpoints, body.records_after_checkpoints]).toEqual([200, true, 1, 1]);
    expect(body.first_error).toBeUndefined();
    expect((await verify({})).body).toEqual(body);
    const later = await verify({ from: "2026-01-02T04:00:00Z" });
    expect(later.body).toMatchObject({ valid: true, records: 0 });
  });

  test("names the first altered record", async () => {
    const { request_id } = (await verdict.evaluate(READ)).body;
    await verdict.evaluate(READ);
    tamper((lines) =>
      lines.map(({ id, line }) => ({ id, line: id === request_id ? line.replace("crm.get", "crm.set") : line })),
    );
    const { status, body } = await verify();
    expect([status, body.valid]).toEqual([200, false]);
    expect(body.first_error).toMatchObject({ code: "hash_mismatch", id: request_id });
  });

  test("finds a record that was removed", async () => {
    await verdict.evaluate(READ);
    await verdict.evaluate(READ);
    tamper((lines) => lines.toSpliced(1, 1));
    expect((await verify()).body).toMatchObject({ valid: false, first_error: { code: "gap" } });
  });

  test("finds that the log was rolled back: this process knows what it wrote last", async () => {
    for (let n = 0; n < 3; n++) await verdict.evaluate(READ);
    tamper((lines) => lines.slice(0, -1));
    expect((await verify()).body).toMatchObject({ valid: false, first_error: { code: "missing_end" } });
    expect((await verify({ to: "2026-02-01T00:00:00Z" })).body.valid).toBe(true);
  });

  test("does not take what could not reach the database yet for missing", async () => {
    await verdict.evaluate(READ);
    await verdict.service.flushAudit();
    Object.assign(verdict.service, { flushAudit: async () => false });
    await verdict.evaluate(READ);
    expect((await verify()).body.valid).toBe(true);
  });

  test("runs once at a time: a second one is told so, and one after it is not", async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    tamper(async (lines) => {
      await held;
      return lines;
    });
    const first = verify();
    await expect.poll(async () => (await verify()).status).toBe(409);
    release();
    expect((await first).status).toBe(200);
    expect((await verify()).status).toBe(200);
  });

  test("that fails is a problem, and the next one may run", async () => {
    await (verdict.service.auditStore as unknown as { close(): Promise<void> }).close();
    Object.assign(verdict.service, { flushAudit: async () => false });
    expect((await verify()).body.code).toBe("storage_unavailable");
    expect((await verify()).body.code).toBe("storage_unavailable");
  });

  test("lets others have their turn: the event loop goes round while a large log is verified", async () => {
    for (let n = 0; n < 600; n++) await verdict.evaluate(READ);
    let turns = 0;
    const turn = () => {
      turns += 1;
      timer = setImmediate(turn);
    };
    let timer = setImmediate(turn);
    const { records } = (await verify()).body;
    clearImmediate(timer);
    expect(records).toBeGreaterThanOrEqual(600);
    expect(turns).toBeGreaterThan(0);
  });
});

describe("the public keys", () => {
  test("are told to auditors only, the current one first", async () => {
    expect((await verdict.request("GET", "/v1/audit/keys")).status).toBe(403);
    const { body } = await verdict.request("GET", "/v1/audit/keys", { key: verdict.secrets.auditor });
    const { keyId, publicKey } = verdict.service.signer;
    expect(body).toEqual({
      items: [{ key_id: keyId, algorithm: "Ed25519", public_key: publicKey, is_current: true }],
    });
  });
});
