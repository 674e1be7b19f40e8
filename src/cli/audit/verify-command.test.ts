import { generateKeyPairSync } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createAuditCli } from "../../../test/audit-cli.ts";
import { createSigner, publicKeyPem } from "../../audit/index.ts";

let cli: Awaited<ReturnType<typeof createAuditCli>>;
beforeEach(async () => {
  cli = await createAuditCli();
});
afterEach(() => cli.close());

async function exportFile(change = (text: string) => text): Promise<void> {
  writeFileSync(join(cli.folder, "export.ndjson"), change(await cli.exported()));
}

const verifyFile = (...rest: string[]) =>
  cli.run(["audit", "verify", "export.ndjson", "--public-key", "key.pem", ...rest]);

describe("verdict audit verify, a file", () => {
  test.each([
    [["audit", "verify", "export.ndjson"], "a public key is needed"],
    [["audit", "verify", "none.ndjson", "--public-key", "key.pem"], "(ENOENT)"],
    [["audit", "verify", "export.ndjson", "--public-key", "none.pem"], "(ENOENT)"],
    [["audit", "verify", "export.ndjson", "--public-key", "export.ndjson"], "not a public key"],
    [["audit", "verify", "--public-key", "key.pem"], "with its own keys"],
    [["audit", "verify", "--with-service"], "needs a file"],
    [["audit", "verify", "-", "--with-service"], "stdin cannot be"],
    [["audit", "verify", "export.ndjson", "--from", "2026-01-01T00:00:00Z"], "verified whole"],
    [["audit", "verify", "--from", "yesterday"], "RFC 3339"],
    [["audit", "verify", "a", "b"], "too many arguments"],
    [["audit", "verfy"], "verify"],
  ])("%j is a usage error", async (argv, message) => {
    await exportFile();
    const { code, stdout, stderr } = await cli.run(argv);
    expect(stderr).toContain(message);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  });

  test("never takes a private key for the public one, and does not repeat it", async () => {
    await exportFile();
    const pem = generateKeyPairSync("ed25519").privateKey.export({ format: "pem", type: "pkcs8" }) as string;
    writeFileSync(join(cli.folder, "key.pem"), publicKeyPem(cli.verdict.service.signer) + pem);
    const { code, stderr } = await verifyFile();
    expect(code).toBe(2);
    expect(stderr).toContain("private key");
    expect(stderr).not.toContain(pem.split("\n")[1]);
  });

  test("that is valid exits 0, offline", async () => {
    await cli.record(10);
    await exportFile();
    cli.server.close();
    cli.opened.length = 0;
    const { code, stdout, stderr } = await verifyFile();
    expect([code, stderr, cli.opened]).toEqual([0, "", []]);
    expect(stdout).toMatch(/^VALID {2}export\.ndjson\n/);
    expect(stdout).toMatch(/not signed +4 behind the last checkpoint/);
  });

  test("that was altered exits 1 and names the record, its place, and what that means", async () => {
    await cli.record(4);
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
    await cli.record(4);
    await exportFile(change);
    const { code, stdout } = await verifyFile("--json");
    const report = JSON.parse(stdout);
    expect([code, report.valid]).toEqual([1, false]);
    expect(stdout).toContain(expected);
  });

  test("whose bytes are no UTF-8 any more is not valid, although it looks the same", async () => {
    await cli.verdict.evaluate({ action_type: "tool_call", action_name: "crm.get", arguments: { text: "\uFFFD" } });
    const text = await cli.exported();
    const bytes = Buffer.from(text);
    const at = bytes.indexOf("\uFFFD");
    writeFileSync(join(cli.folder, "export.ndjson"), bytes);
    expect((await verifyFile()).code).toBe(0);
    const changed = Buffer.concat([bytes.subarray(0, at), Buffer.from([0xff]), bytes.subarray(at + 3)]);
    expect(changed.toString()).toBe(text);
    writeFileSync(join(cli.folder, "export.ndjson"), changed);
    expect((await verifyFile()).code).toBe(1);
  });

  test("signed by another service is not valid with this one's key", async () => {
    await cli.record(2);
    await exportFile();
    const foreign = createSigner(
      generateKeyPairSync("ed25519").privateKey.export({ format: "pem", type: "pkcs8" }) as string,
    );
    writeFileSync(join(cli.folder, "key.pem"), publicKeyPem(foreign));
    const { code, stdout } = await verifyFile();
    expect([code, stdout.slice(0, 9)]).toEqual([1, "NOT VALID"]);
  });

  test("comes from stdin, or packed, as well", async () => {
    await cli.record(3);
    const text = await cli.exported();
    const argv = ["audit", "verify", "-", "--public-key", "key.pem"];
    expect((await cli.run(argv, { stdin: text })).code).toBe(0);
    expect((await cli.run(argv, { stdin: text.slice(1) })).code).toBe(1);
    const packed = gzipSync(text);
    writeFileSync(join(cli.folder, "export.ndjson.gz"), packed);
    expect((await cli.run(["audit", "verify", "export.ndjson.gz", "--public-key", "key.pem"])).code).toBe(0);
    writeFileSync(join(cli.folder, "export.ndjson.gz"), packed.subarray(0, -20));
    const { code, stdout, stderr } = await cli.run(["audit", "verify", "export.ndjson.gz", "--public-key", "key.pem"]);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toContain("cannot be read (Z_BUF_ERROR)");
  });

  test("takes what `public-key` printed, and without --public-key the keys of the data directory", async () => {
    await cli.record(2);
    await exportFile();
    const { stdout } = await cli.run(["audit", "public-key"]);
    writeFileSync(join(cli.folder, "key.pem"), stdout + stdout);
    expect((await verifyFile()).code).toBe(0);
    const { keyId } = cli.verdict.service.signer;
    const readAuditKeys = async () => new Map([[keyId, publicKeyPem(cli.verdict.service.signer)]]);
    expect((await cli.run(["audit", "verify", "export.ndjson"], { readAuditKeys })).code).toBe(0);
  });

  test("shows a bar on a terminal only, and takes it away", async () => {
    await cli.record(2);
    await exportFile();
    let now = 0;
    const interactive = { isErrorInteractive: true, now: () => (now += 1000) };
    const { stderr } = await cli.run(["audit", "verify", "export.ndjson", "--public-key", "key.pem"], interactive);
    expect(stderr).toMatch(/verifying {2}\[#{24}\] 100 %/);
    expect(stderr.endsWith("\r\u001b[K")).toBe(true);
  });
});

describe("verdict audit verify, the service", () => {
  test("exits 0 for a valid log and 1 for one that is not", async () => {
    await cli.record(5);
    const { code, stdout } = await cli.run(["audit", "verify"]);
    expect([code, stdout.split("\n")[0]]).toEqual([0, "VALID  the log"]);
    const { auditStore } = cli.verdict.service;
    const { scan } = auditStore;
    Object.assign(auditStore, { scan: async (query: never) => (await scan(query)).toSpliced(2, 1) });
    const broken = await cli.run(["audit", "verify", "--json"]);
    expect(broken.code).toBe(1);
    expect(JSON.parse(broken.stdout)).toMatchObject({ valid: false, first_error: { code: "gap" } });
  });

  test("takes a range", async () => {
    await cli.record(2);
    const { stdout } = await cli.run(["audit", "verify", "--from", "2026-02-01T00:00:00Z", "--json"]);
    expect(JSON.parse(stdout).records).toBe(0);
  });

  test("that refuses says what is needed, without the key", async () => {
    const { agent } = cli.verdict.secrets;
    const { code, stdout, stderr } = await cli.run(["audit", "verify", "--key", agent]);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toContain("audit:read");
    expect(stderr).not.toContain(agent);
  });

  test("that is not there, or is something else, is said to be", async () => {
    const env = { VERDICT_API_KEY: cli.verdict.secrets.auditor, VERDICT_URL: "http://127.0.0.1:1" };
    expect((await cli.run(["audit", "verify"], { env })).stderr).toContain("cannot be reached (ECONNREFUSED)");
    cli.answer((_, response) => response.end('{"valid":true}'));
    const { code, stderr } = await cli.run(["audit", "verify"]);
    expect([code, stderr]).toEqual([1, expect.stringContaining("not as Verdict does")]);
    cli.answer((_, response) => response.writeHead(302, { location: "http://evil.example" }).end());
    expect((await cli.run(["audit", "verify"])).stderr).toContain("redirect");
  });

  test("needs a key for an address, and takes the environment's own service without both", async () => {
    expect((await cli.run(["audit", "verify"], { env: { VERDICT_URL: cli.url } })).code).toBe(2);
    cli.opened.length = 0;
    await cli.run(["audit", "verify"], { env: {} });
    expect(cli.opened).toEqual([{}]);
  });
});

describe("verdict audit verify, a file and the service", () => {
  const both = () => verifyFile("--with-service");

  test("exits 0 when every record of the file is in the service's log, which may have more", async () => {
    await cli.record(5);
    await exportFile();
    await cli.record(5);
    const { code, stdout } = await both();
    expect(code).toBe(0);
    expect(stdout.match(/^VALID/gm)).toHaveLength(3);
    expect(stdout).toMatch(/the same +7\n/);
  });

  test("finds what was removed from the service's log or changed in it, although each is valid alone", async () => {
    await cli.record(5);
    await exportFile();
    const { auditStore } = cli.verdict.service;
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
    await cli.record(2);
    await exportFile((text) => text.slice(0, -100));
    cli.opened.length = 0;
    const { code, stdout } = await both();
    expect([code, stdout.match(/VALID/g)]).toEqual([1, ["VALID"]]);
  });
});
