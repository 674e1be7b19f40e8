import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createAuditCli } from "../../../test/audit-cli.ts";
import { publicKeyPem } from "../../audit/index.ts";

let cli: Awaited<ReturnType<typeof createAuditCli>>;
beforeEach(async () => {
  cli = await createAuditCli();
});
afterEach(() => cli.close());

describe("verdict audit export", () => {
  test("writes a file that is valid, under the name that the service gives, and prints the name", async () => {
    await cli.record(3);
    const { code, stdout, stderr } = await cli.run(["audit", "export"]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toBe("verdict-audit-start-20260102T030405Z.ndjson\n");
    expect(readFileSync(join(cli.folder, stdout.trim()), "utf8")).toContain('"kind":"export.end"');
    expect((await cli.run(["audit", "verify", stdout.trim(), "--public-key", "key.pem"])).code).toBe(0);
    expect((await cli.run(["audit", "export"])).stderr).toContain("is there already");
  });

  test("takes a range, a format and a name", async () => {
    await cli.record(1);
    const range = ["--from", "2026-01-02T00:00:00Z", "--to", "2026-01-03T00:00:00Z"];
    const { code } = await cli.run(["audit", "export", ...range, "--format", "csv", "--output", "log.csv"]);
    expect(code).toBe(0);
    expect(readFileSync(join(cli.folder, "log.csv"), "utf8")).toMatch(/^id,time/);
    expect((await cli.run(["audit", "export", "--format", "xml"])).code).toBe(2);
    expect((await cli.run(["audit", "export", "--output", "no/such/folder"])).code).toBe(2);
  });

  test.each([
    ["breaks off", (text: string) => text.slice(0, -200), true],
    ["ends without its last line", (text: string) => text.slice(0, text.trimEnd().lastIndexOf("\n") + 1), false],
    ["was changed on the way", (text: string) => text.replace('"n":1', '"n":7'), false],
  ])("that %s leaves no file behind, nor changes the one before", async (_, change, isCut) => {
    await cli.record(3);
    const text = change(await cli.exported());
    cli.answer((_, response) => {
      response.writeHead(200, { "content-disposition": 'attachment; filename="verdict-audit-a-b.ndjson"' });
      response.write(text, () => (isCut ? response.destroy() : response.end()));
    });
    writeFileSync(join(cli.folder, "log.ndjson"), "before");
    const { code, stdout } = await cli.run(["audit", "export", "--output", "log.ndjson"]);
    expect([code, stdout]).toEqual([1, ""]);
    expect(readFileSync(join(cli.folder, "log.ndjson"), "utf8")).toBe("before");
    expect(readdirSync(cli.folder).sort()).toEqual(["key.pem", "log.ndjson"]);
  });

  test("does not let the service choose a path", async () => {
    cli.answer((_, response) => {
      response.writeHead(200, { "content-disposition": 'attachment; filename="../evil.ndjson"' }).end();
    });
    const { code, stderr } = await cli.run(["audit", "export"]);
    expect([code, readdirSync(cli.folder)]).toEqual([2, ["key.pem"]]);
    expect(stderr).toContain("--output");
  });
});

describe("verdict audit public-key", () => {
  test("prints the service's keys as PEM, or those of the data directory", async () => {
    const { keyId } = cli.verdict.service.signer;
    const pem = publicKeyPem(cli.verdict.service.signer);
    const expected = `Verdict audit key ${keyId}\n${pem}`;
    expect((await cli.run(["audit", "public-key"])).stdout).toBe(expected);
    const local = { env: {}, readAuditKeys: async () => new Map([[keyId, pem]]) };
    expect((await cli.run(["audit", "public-key"], local)).stdout).toBe(expected);
    const none = await cli.run(["audit", "public-key"], { env: {} });
    expect([none.code, none.stdout]).toEqual([1, ""]);
  });
});
