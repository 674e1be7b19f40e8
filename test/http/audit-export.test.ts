import { type IncomingMessage, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type AuditScan, type AuditStore, createExportVerifier, type StoredLine } from "../../src/audit/index.ts";
import { createNodeServer } from "../../src/http/index.ts";
import { UnavailableError } from "../../src/model/errors.ts";
import { chainLines, eventRecord, idAt } from "../contract/samples.ts";
import { createTestService } from "../test-service.ts";

let verdict: Awaited<ReturnType<typeof createTestService>>;
beforeEach(async () => {
  verdict = await createTestService();
});
const READ = { action_type: "tool_call", action_name: "crm.get" };
const asAuditor = (path: string) => verdict.request("GET", path, { key: verdict.secrets.auditor });

/** The file as text. */
async function download(path: string, method = "GET") {
  const headers = { host: "localhost", authorization: `Bearer ${verdict.secrets.auditor}` };
  const response = await verdict.app.request(`http://localhost${path}`, { method, headers });
  return { status: response.status, headers: response.headers, body: await response.text() };
}

function verify(file: string | Uint8Array) {
  const verifier = createExportVerifier({ keys: verdict.service.verifyingKeys });
  verifier.write(Buffer.from(file));
  return verifier.end();
}

/** Counts the pages that are read, each of `perPage` records; every one after `failAfter` fails. */
function pagedStore(options: { pages: number; failAfter?: number }) {
  const { auditStore } = verdict.service;
  const line = `{"version":1,"kind":"decision","filler":"${"x".repeat(1000)}"}`;
  let read = 0;
  const scan: AuditStore["scan"] = async ({ limit }) => {
    if (read === options.failAfter) throw new UnavailableError("storage", "the database went away");
    read += 1;
    const count = read > options.pages ? 0 : limit;
    return Array.from({ length: count }, (_, at): StoredLine => ({ id: `${read}-${at}`, line }));
  };
  Object.assign(auditStore, { scan });
  return { read: () => read };
}

describe("an export", () => {
  test("is refused without the scope, with a wrong filter, an unknown one, or a format that is none", async () => {
    expect((await verdict.request("GET", "/v1/audit/export")).body.code).toBe("insufficient_scope");
    for (const query of ["from=yesterday", "kind=nothing", "limit=3", "format=xml", "format=csv&format=csv"]) {
      const { status, body } = await asAuditor(`/v1/audit/export?${query}`);
      expect([query, status, body.code]).toEqual([query, 400, "invalid_request"]);
    }
  });

  test("has everything that was answered before, line by line as it is stored, and is valid", async () => {
    const ids: string[] = [];
    for (let n = 0; n < 5; n++) ids.push((await verdict.evaluate(READ)).body.request_id);
    const { status, headers, body } = await download("/v1/audit/export");
    expect(status).toBe(200);
    expect(headers.get("content-type")).toBe("application/x-ndjson");
    expect(headers.get("content-disposition")).toBe(
      'attachment; filename="verdict-audit-start-20260102T030405Z.ndjson"',
    );
    const lines = body.trimEnd().split("\n");
    const stored = await verdict.service.auditStore.scan({ limit: 100 });
    expect(lines.slice(0, -1)).toEqual(stored.map(({ line }) => line));
    expect(lines.slice(0, -1).map((line: string) => JSON.parse(line).request_id)).toEqual(expect.arrayContaining(ids));
    expect(verify(body)).toMatchObject({ valid: true, records: stored.length, export: { filters: {} } });
  });

  test("of a part is named after it, holds that part, and says so in what it signs", async () => {
    await verdict.evaluate(READ);
    verdict.advance(60_000);
    const { request_id } = (await verdict.evaluate({ ...READ, session_id: "s1" })).body;
    const { headers, body } = await download(
      "/v1/audit/export?from=2026-01-02T03:05:00Z&to=2026-01-03T00:00:00%2B00:00&session_id=s1",
    );
    expect(headers.get("content-disposition")).toContain("verdict-audit-20260102T030500Z-20260103T000000Z.ndjson");
    const [record, trailer] = body
      .trimEnd()
      .split("\n")
      .map((line: string) => JSON.parse(line));
    expect(record.request_id).toBe(request_id);
    expect(trailer.filters).toEqual({
      from: "2026-01-02T03:05:00.000Z",
      to: "2026-01-03T00:00:00.000Z",
      session_id: "s1",
    });
    expect(verify(body).valid).toBe(true);
  });

  test("is valid although another writer's records arrive while it is read", async () => {
    for (let n = 0; n < 150; n++) await verdict.evaluate(READ);
    const { auditStore, clock } = verdict.service;
    const times = [clock.now() - 1000, clock.now() + 1000];
    const late = chainLines(times.map((time, n) => eventRecord(n, "rules.activated", idAt(time))));
    const { scan } = auditStore;
    Object.assign(auditStore, {
      async scan(query: AuditScan) {
        const page = await scan(query);
        await auditStore.insert(Buffer.from(late.join("\n")));
        return page;
      },
    });
    expect(verify((await download("/v1/audit/export")).body)).toMatchObject({ valid: true, errors: 0 });
    expect(verify((await download("/v1/audit/export")).body).writers).toHaveLength(2);
  });

  test("of nothing is a signed end alone", async () => {
    const { body } = await download("/v1/audit/export?session_id=nobody");
    expect(body.trimEnd().split("\n")).toHaveLength(1);
    expect(verify(body)).toMatchObject({ valid: true, records: 0 });
  });

  test("as CSV has a header, a row for each record, and no trailer", async () => {
    await verdict.evaluate({ ...READ, session_id: "=1+1" });
    const { headers, body } = await download("/v1/audit/export?format=csv&kind=decision");
    expect(headers.get("content-type")).toMatch(/^text\/csv/);
    expect(headers.get("content-disposition")).toMatch(/\.csv"$/);
    const rows = body.split("\r\n");
    expect(rows).toHaveLength(3);
    expect(rows[0]).toMatch(/^id,time,kind,/);
    expect(rows[1]).toContain(`"'=1+1"`);
  });

  test("that would lack what is recorded is none: 503 when entries cannot reach the database", async () => {
    Object.assign(verdict.service, { flushAudit: async () => false });
    const { status, body } = await asAuditor("/v1/audit/export");
    expect([status, body.code]).toEqual([503, "storage_unavailable"]);
  });

  test("from a database that does not answer is a problem, not an empty file", async () => {
    pagedStore({ pages: 3, failAfter: 0 });
    expect((await asAuditor("/v1/audit/export")).status).toBe(503);
  });

  test("reads no page before the client has taken the one before", async () => {
    const store = pagedStore({ pages: 100 });
    const response = await verdict.app.request("http://localhost/v1/audit/export", {
      headers: { host: "localhost", authorization: `Bearer ${verdict.secrets.auditor}` },
    });
    const reader = response.body!.getReader();
    for (let taken = 0; taken < 5; taken++) {
      expect(store.read()).toBeLessThanOrEqual(taken + 1);
      await reader.read();
    }
    await reader.cancel();
    expect(store.read()).toBeLessThanOrEqual(6);
  });

  test("asked for with HEAD reads no more than its first page", async () => {
    const store = pagedStore({ pages: 100 });
    expect((await download("/v1/audit/export", "HEAD")).status).toBe(200);
    expect(store.read()).toBe(1);
  });
});

describe("an export over a connection", () => {
  let server: Server;
  beforeEach(async () => {
    server = createNodeServer(verdict.app.fetch, verdict.direct);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  const open = () =>
    new Promise<IncomingMessage>((resolve, reject) => {
      const { port } = server.address() as AddressInfo;
      const headers = { authorization: `Bearer ${verdict.secrets.auditor}` };
      const options = { port, host: "127.0.0.1", path: "/v1/audit/export", headers };
      request(options, resolve).on("error", reject).end();
    });

  test("whose database dies in the middle is cut off: the client sees a broken transfer, and no trailer", async () => {
    pagedStore({ pages: 10, failAfter: 3 });
    const response = await open();
    expect(response.statusCode).toBe(200);
    let text = "";
    const end = await new Promise((resolve) => {
      response.on("data", (chunk) => {
        text += chunk;
      });
      response.on("end", () => resolve("complete"));
      response.on("error", (error: NodeJS.ErrnoException) => resolve(error.code));
    });
    expect([end, response.complete]).toEqual(["ECONNRESET", false]);
    expect(text).not.toContain("export.end");
    expect(verdict.logLines.join("")).toContain("an export was cut off");
  });

  test("to a client that does not read stops reading the database", async () => {
    const store = pagedStore({ pages: 1000 });
    const response = await open();
    response.pause();
    let before = -1;
    // As much as the buffers of both ends hold, and then no more.
    while (before !== store.read()) {
      before = store.read();
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    expect(store.read()).toBeLessThan(100);
    response.destroy();
  });
});
