import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { Command, CommanderError } from "commander";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createTestService } from "../../test/test-service.ts";
import { createSigner, publicKeyPem } from "../audit/index.ts";
import { createNodeServer } from "../http/index.ts";
import { addAudit } from "./audit-commands.ts";
import type { AuditCliDeps } from "./audit-deps.ts";
import { createAuditFiles } from "./audit-files.ts";
import { createHttpAuditService } from "./audit-http-service.ts";
import { describeFailure } from "./cli-error.ts";
import type { KeyAdminOptions } from "./deps.ts";

let verdict: Awaited<ReturnType<typeof createTestService>>;
let server: Server;
let folder: string;
let url: string;
beforeEach(async () => {
  verdict = await createTestService();
  server = createNodeServer(verdict.app.fetch, verdict.direct);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  folder = mkdtempSync(join(tmpdir(), "verdict-audit-"));
  writeFileSync(join(folder, "key.pem"), publicKeyPem(verdict.service.signer));
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
});

interface RunOptions extends Partial<AuditCliDeps> {
  readonly stdin?: string;
}

/** Every service that was asked for. */
const opened: KeyAdminOptions[] = [];

async function run(argv: string[], { stdin = "", ...overrides }: RunOptions = {}) {
  const out: string[] = [];
  const err: string[] = [];
  let code = 0;
  const auditFiles = createAuditFiles(
    (async function* () {
      yield Buffer.from(stdin);
    })(),
  );
  const deps = {
    env: { VERDICT_API_KEY: verdict.secrets.auditor, VERDICT_URL: url },
    cwd: folder,
    stdout: (text: string) => void out.push(text),
    stderr: (text: string) => void err.push(text),
    readFile: async (path: string) => readFileSync(path),
    isInteractive: false,
    isErrorInteractive: false,
    auditFiles,
    readAuditKeys: () => new Map<string, string>(),
    async openAuditService(options: KeyAdminOptions) {
      opened.push(options);
      return createHttpAuditService({ url: options.url ?? url, key: options.key ?? "none" });
    },
    now: () => 0,
    ...overrides,
  } as unknown as AuditCliDeps;
  const program = new Command()
    .exitOverride()
    .configureOutput({ writeOut: deps.stdout, writeErr: deps.stderr, getOutHelpWidth: () => 110 });
  addAudit(program, deps, (given) => {
    code = given;
  });
  try {
    await program.parseAsync(argv, { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) code = error.exitCode === 0 ? 0 : 2;
    else {
      const { text, exitCode } = describeFailure(error);
      err.push(text);
      code = exitCode;
    }
  }
  return { code, stdout: out.join(""), stderr: err.join("") };
}

/** Records with a checkpoint in the middle. */
async function record(count: number) {
  for (let n = 0; n < count; n++) {
    await verdict.evaluate({ action_type: "tool_call", action_name: "crm.get", arguments: { n } });
    if (n === count >> 1) await verdict.spool.checkpoint();
  }
}

async function exported(): Promise<string> {
  const headers = { host: "localhost", authorization: `Bearer ${verdict.secrets.auditor}` };
  return (await verdict.app.request("http://localhost/v1/audit/export", { headers })).text();
}

async function exportFile(change = (text: string) => text): Promise<string> {
  const text = await exported();
  writeFileSync(join(folder, "export.ndjson"), change(text));
  return text;
}

const verifyFile = (...rest: string[]) => run(["audit", "verify", "export.ndjson", "--public-key", "key.pem", ...rest]);

describe("verdict audit verify, a file", () => {
  test.each([
    [["audit", "verify", "export.ndjson"], "a public key is needed"],
    [["audit", "verify", "none.ndjson", "--public-key", "key.pem"], "(ENOENT)"],
    [["audit", "verify", "export.ndjson", "--public-key", "none.pem"], "(ENOENT)"],
    [["audit", "verify", "export.ndjson", "--public-key", "export.ndjson"], "not a public key"],
    [["audit", "verify", "--public-key", "key.pem"], "is for a file"],
    [["audit", "verify", "--with-service"], "needs a file"],
    [["audit", "verify", "-", "--with-service"], "stdin cannot be"],
    [["audit", "verify", "export.ndjson", "--from", "2026-01-01T00:00:00Z"], "verified whole"],
    [["audit", "verify", "--from", "yesterday"], "RFC 3339"],
    [["audit", "verify", "a", "b"], "too many arguments"],
    [["audit", "verfy"], "verify"],
  ])("%j is a usage error", async (argv, message) => {
    await exportFile();
    const { code, stdout, stderr } = await run(argv);
    expect(stderr).toContain(message);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  });

  test("never takes a private key for the public one, and does not repeat it", async () => {
    await exportFile();
    const pem = generateKeyPairSync("ed25519").privateKey.export({ format: "pem", type: "pkcs8" }) as string;
    writeFileSync(join(folder, "key.pem"), publicKeyPem(verdict.service.signer) + pem);
    const { code, stderr } = await verifyFile();
    expect(code).toBe(2);
    expect(stderr).toContain("private key");
    expect(stderr).not.toContain(pem.split("\n")[1]);
  });

  test("that is valid exits 0, offline", async () => {
    await record(10);
    await exportFile();
    server.close();
    opened.length = 0;
    const { code, stdout, stderr } = await verifyFile();
    expect([code, stderr, opened]).toEqual([0, "", []]);
    expect(stdout).toMatch(/^VALID {2}export\.ndjson\n/);
    expect(stdout).toMatch(/not signed +4 behind the last checkpoint/);
  });

  test("that was altered exits 1 and names the record, its place, and what that means", async () => {
    await record(4);
    await exportFile((text) => text.replace('"n":2', '"n":3'));
    const { code, stdout } = await verifyFile();
    expect(code).toBe(1);
    expect(stdout).toMatch(/^NOT VALID/);
    expect(stdout).toContain("hash_mismatch");
    expect(stdout).toMatch(/line +4\n/);
    expect(stdout).toMatch(/chain +[0-9a-f-]{36}, record 4 of it/);
    expect(stdout).toMatch(/id +[0-9a-f-]{36}/);
    expect(stdout).toContain("this record was changed after it was written");
  });

  test.each([
    ["without its last line", (text: string) => text.slice(0, text.trimEnd().lastIndexOf("\n") + 1), "trailer_missing"],
    ["cut in the middle", (text: string) => text.slice(0, text.length >> 1), "trailer_missing"],
    ["without its last line feed", (text: string) => text.slice(0, -1), "trailer_missing"],
    ["with something behind it", (text: string) => `${text}x`, "behind_trailer"],
    ["empty", () => "", "trailer_missing"],
  ])("%s is not valid", async (_, change, expected) => {
    await record(4);
    await exportFile(change);
    const { code, stdout } = await verifyFile("--json");
    const report = JSON.parse(stdout);
    expect([code, report.valid]).toEqual([1, false]);
    expect(stdout).toContain(expected);
  });

  test("whose bytes are no UTF-8 any more is not valid, although it looks the same", async () => {
    await verdict.evaluate({ action_type: "tool_call", action_name: "crm.get", arguments: { text: "\uFFFD" } });
    const text = await exported();
    const bytes = Buffer.from(text);
    const at = bytes.indexOf("\uFFFD");
    writeFileSync(join(folder, "export.ndjson"), bytes);
    expect((await verifyFile()).code).toBe(0);
    const changed = Buffer.concat([bytes.subarray(0, at), Buffer.from([0xff]), bytes.subarray(at + 3)]);
    expect(changed.toString()).toBe(text);
    writeFileSync(join(folder, "export.ndjson"), changed);
    expect((await verifyFile()).code).toBe(1);
  });

  test("signed by another service is not valid with this one's key", async () => {
    await record(2);
    await exportFile();
    const foreign = createSigner(
      generateKeyPairSync("ed25519").privateKey.export({ format: "pem", type: "pkcs8" }) as string,
    );
    writeFileSync(join(folder, "key.pem"), publicKeyPem(foreign));
    const { code, stdout } = await verifyFile();
    expect([code, stdout.slice(0, 9)]).toEqual([1, "NOT VALID"]);
  });

  test("comes from stdin, or packed, as well", async () => {
    await record(3);
    const text = await exported();
    const argv = ["audit", "verify", "-", "--public-key", "key.pem"];
    expect((await run(argv, { stdin: text })).code).toBe(0);
    expect((await run(argv, { stdin: text.slice(1) })).code).toBe(1);
    const packed = gzipSync(text);
    writeFileSync(join(folder, "export.ndjson.gz"), packed);
    expect((await run(["audit", "verify", "export.ndjson.gz", "--public-key", "key.pem"])).code).toBe(0);
    writeFileSync(join(folder, "export.ndjson.gz"), packed.subarray(0, -20));
    const { code, stdout, stderr } = await run(["audit", "verify", "export.ndjson.gz", "--public-key", "key.pem"]);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toContain("cannot be read (Z_BUF_ERROR)");
  });

  test("takes what `public-key` printed, and without --public-key the keys of the data directory", async () => {
    await record(2);
    await exportFile();
    const { stdout } = await run(["audit", "public-key"]);
    writeFileSync(join(folder, "key.pem"), stdout + stdout);
    expect((await verifyFile()).code).toBe(0);
    const { keyId } = verdict.service.signer;
    const readAuditKeys = () => new Map([[keyId, publicKeyPem(verdict.service.signer)]]);
    expect((await run(["audit", "verify", "export.ndjson"], { readAuditKeys })).code).toBe(0);
  });

  test("shows a bar on a terminal only, and takes it away", async () => {
    await record(2);
    await exportFile();
    let now = 0;
    const interactive = { isErrorInteractive: true, now: () => (now += 1000) };
    const { stderr } = await run(["audit", "verify", "export.ndjson", "--public-key", "key.pem"], interactive);
    expect(stderr).toMatch(/verifying {2}\[#{24}\] 100 %/);
    expect(stderr.endsWith("\r\u001b[K")).toBe(true);
  });
});

describe("verdict audit verify, the service", () => {
  test("exits 0 for a valid log and 1 for one that is not", async () => {
    await record(5);
    const { code, stdout } = await run(["audit", "verify"]);
    expect([code, stdout.split("\n")[0]]).toEqual([0, "VALID  the service's log"]);
    const { auditStore } = verdict.service;
    const { scan } = auditStore;
    Object.assign(auditStore, { scan: async (query: never) => (await scan(query)).toSpliced(2, 1) });
    const broken = await run(["audit", "verify", "--json"]);
    expect(broken.code).toBe(1);
    expect(JSON.parse(broken.stdout)).toMatchObject({ valid: false, first_error: { code: "gap" } });
  });

  test("takes a range", async () => {
    await record(2);
    const { stdout } = await run(["audit", "verify", "--from", "2026-02-01T00:00:00Z", "--json"]);
    expect(JSON.parse(stdout).records).toBe(0);
  });

  test("that refuses says what is needed, without the key", async () => {
    const { agent } = verdict.secrets;
    const { code, stdout, stderr } = await run(["audit", "verify", "--key", agent]);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toContain("audit:read");
    expect(stderr).not.toContain(agent);
  });

  test("that is not there, or is something else, is said to be", async () => {
    const env = { VERDICT_API_KEY: verdict.secrets.auditor, VERDICT_URL: "http://127.0.0.1:1" };
    expect((await run(["audit", "verify"], { env })).stderr).toContain("cannot be reached (ECONNREFUSED)");
    server.removeAllListeners("request");
    server.on("request", (_, response) => response.end('{"valid":true}'));
    const { code, stderr } = await run(["audit", "verify"]);
    expect([code, stderr]).toEqual([1, expect.stringContaining("not as Verdict does")]);
    server.removeAllListeners("request");
    server.on("request", (_, response) => response.writeHead(302, { location: "http://evil.example" }).end());
    expect((await run(["audit", "verify"])).stderr).toContain("redirect");
  });

  test("needs a key for an address, and takes the environment's own service without both", async () => {
    expect((await run(["audit", "verify"], { env: { VERDICT_URL: url } })).code).toBe(2);
    opened.length = 0;
    await run(["audit", "verify"], { env: {} });
    expect(opened).toEqual([{}]);
  });
});

describe("verdict audit verify, a file and the service", () => {
  const both = () => verifyFile("--with-service");

  test("exits 0 when every record of the file is in the service's log, which may have more", async () => {
    await record(5);
    await exportFile();
    await record(5);
    const { code, stdout } = await both();
    expect(code).toBe(0);
    expect(stdout.match(/^VALID/gm)).toHaveLength(3);
    expect(stdout).toMatch(/the same +7\n/);
  });

  test("finds what was removed from the service's log or changed in it, although each is valid alone", async () => {
    await record(5);
    await exportFile();
    const { auditStore } = verdict.service;
    const { scan } = auditStore;
    // What is verified is left as it was; what is compared is not.
    let calls = 0;
    const forge = (lines: Awaited<ReturnType<typeof scan>>) =>
      lines
        .map(({ id, line }) => ({ id, line: line.replace('"n":3', '"n":4') }))
        .filter(({ line }) => !line.includes('"n":1}'));
    Object.assign(auditStore, {
      scan: async (query: never) => (++calls === 1 ? scan(query) : forge(await scan(query))),
    });
    const { code, stdout } = await verifyFile("--with-service", "--json");
    const { file, service, comparison, valid } = JSON.parse(stdout);
    expect([code, valid, file.valid, service.valid]).toEqual([1, false, true, true]);
    expect(comparison).toMatchObject({
      same: 5,
      different: 1,
      missing: 1,
      first_difference: { code: "missing", line: 3 },
    });
  });

  test("does not compare a file that says nothing certain of itself", async () => {
    await record(2);
    await exportFile((text) => text.slice(0, -100));
    opened.length = 0;
    const { code, stdout } = await both();
    expect([code, stdout.match(/VALID/g)]).toEqual([1, ["VALID"]]);
  });
});

describe("verdict audit export", () => {
  test("writes a file that is valid, under the name that the service gives, and prints the name", async () => {
    await record(3);
    const { code, stdout, stderr } = await run(["audit", "export"]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toBe("verdict-audit-start-20260102T030405Z.ndjson\n");
    expect(readFileSync(join(folder, stdout.trim()), "utf8")).toContain('"kind":"export.end"');
    expect((await run(["audit", "verify", stdout.trim(), "--public-key", "key.pem"])).code).toBe(0);
    expect((await run(["audit", "export"])).stderr).toContain("is there already");
  });

  test("takes a range, a format and a name", async () => {
    await record(1);
    const range = ["--from", "2026-01-02T00:00:00Z", "--to", "2026-01-03T00:00:00Z"];
    const { code } = await run(["audit", "export", ...range, "--format", "csv", "--output", "log.csv"]);
    expect(code).toBe(0);
    expect(readFileSync(join(folder, "log.csv"), "utf8")).toMatch(/^id,time/);
    expect((await run(["audit", "export", "--format", "xml"])).code).toBe(2);
    expect((await run(["audit", "export", "--output", "no/such/folder"])).code).toBe(2);
  });

  test.each([
    ["breaks off", (text: string) => text.slice(0, -200), true],
    ["ends without its last line", (text: string) => text.slice(0, text.trimEnd().lastIndexOf("\n") + 1), false],
    ["was changed on the way", (text: string) => text.replace('"n":1', '"n":7'), false],
  ])("that %s leaves no file behind, nor changes the one before", async (_, change, isCut) => {
    await record(3);
    const text = change(await exported());
    server.removeAllListeners("request");
    server.on("request", (_, response) => {
      response.writeHead(200, { "content-disposition": 'attachment; filename="verdict-audit-a-b.ndjson"' });
      response.write(text, () => (isCut ? response.destroy() : response.end()));
    });
    writeFileSync(join(folder, "log.ndjson"), "before");
    const { code, stdout } = await run(["audit", "export", "--output", "log.ndjson"]);
    expect([code, stdout]).toEqual([1, ""]);
    expect(readFileSync(join(folder, "log.ndjson"), "utf8")).toBe("before");
    expect(readdirSync(folder).sort()).toEqual(["key.pem", "log.ndjson"]);
  });

  test("does not let the service choose a path", async () => {
    server.removeAllListeners("request");
    server.on("request", (_, response) => {
      response.writeHead(200, { "content-disposition": 'attachment; filename="../evil.ndjson"' }).end();
    });
    const { code, stderr } = await run(["audit", "export"]);
    expect([code, readdirSync(folder)]).toEqual([2, ["key.pem"]]);
    expect(stderr).toContain("--output");
  });
});

describe("verdict audit public-key", () => {
  test("prints the service's keys as PEM, or those of the data directory", async () => {
    const { keyId } = verdict.service.signer;
    const pem = publicKeyPem(verdict.service.signer);
    const expected = `Verdict audit key ${keyId}\n${pem}`;
    expect((await run(["audit", "public-key"])).stdout).toBe(expected);
    const local = { env: {}, readAuditKeys: () => new Map([[keyId, pem]]) };
    expect((await run(["audit", "public-key"], local)).stdout).toBe(expected);
    const none = await run(["audit", "public-key"], { env: {} });
    expect([none.code, none.stdout]).toEqual([1, ""]);
  });
});
