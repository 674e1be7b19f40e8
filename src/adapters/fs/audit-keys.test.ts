import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openAuditKeys, readPublicKeyFiles } from "./audit-keys.ts";

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "verdict-audit-keys-"));
});
afterEach(() => rmSync(dataDir, { recursive: true }));

const inFolder = (name: string) => join(dataDir, "audit-keys", name);

describe("the keys of the audit log", () => {
  it("are made on the first start, for the owner only, and stay the same", () => {
    const first = openAuditKeys({ dataDir });
    const names = readdirSync(inFolder("")).sort();
    expect(names).toEqual([`${first.signer.keyId}.pub.pem`, "redaction.key", "signing.pem"].sort());
    for (const name of names) expect(statSync(inFolder(name)).mode & 0o777).toBe(0o600);
    expect(statSync(inFolder("")).mode & 0o777).toBe(0o700);

    const second = openAuditKeys({ dataDir });
    expect(second.signer.keyId).toBe(first.signer.keyId);
    expect(Buffer.from(second.redactionKey)).toEqual(Buffer.from(first.redactionKey));
    expect(first.redactionKey).toHaveLength(32);
  });

  it("verify what they signed, also after another key took their place", () => {
    const before = openAuditKeys({ dataDir }).signer;
    const signature = before.sign("text");
    unlinkSync(inFolder("signing.pem"));
    const { signer, verifyingKeys } = openAuditKeys({ dataDir });
    expect(signer.keyId).not.toBe(before.keyId);
    const old = verifyingKeys.find(({ keyId }) => keyId === before.keyId);
    expect(old?.isSignature("text", signature)).toBe(true);
    expect(old?.isSignature("text.", signature)).toBe(false);
    expect([...readPublicKeyFiles(dataDir).keys()].sort()).toEqual([before.keyId, signer.keyId].sort());
  });

  it("may be given", () => {
    const { privateKey } = generateKeyPairSync("ed25519");
    const [auditSigningKeyFile, auditRedactionKeyFile] = [join(dataDir, "mine.pem"), join(dataDir, "mine.key")];
    writeFileSync(auditSigningKeyFile, privateKey.export({ format: "pem", type: "pkcs8" }));
    writeFileSync(auditRedactionKeyFile, Buffer.alloc(40, 7));
    const { signer, redactionKey } = openAuditKeys({ dataDir, auditSigningKeyFile, auditRedactionKeyFile });
    expect(redactionKey).toHaveLength(40);
    expect(readdirSync(inFolder(""))).toEqual([`${signer.keyId}.pub.pem`]);
  });

  it.each([
    ["the key file that was given is missing", "auditSigningKeyFile", undefined],
    [
      "the signing key is not one",
      "auditSigningKeyFile",
      "-----BEGIN PRIVATE KEY-----\nsecret\n-----END PRIVATE KEY-----\n",
    ],
    ["the signing key is of another kind", "auditSigningKeyFile", rsaKey()],
    ["the redaction key is short", "auditRedactionKeyFile", "too short"],
  ])("are refused, with the file's name and nothing of its content: %s", (_, option, content) => {
    const path = join(dataDir, "given");
    if (content !== undefined) writeFileSync(path, content);
    const open = () => openAuditKeys({ dataDir, [option]: path });
    expect(open).toThrow(path);
    expect(open).not.toThrow(/secret|too short/);
  });

  it("are never made anew over a file that cannot be read: what it signed could not be verified", () => {
    openAuditKeys({ dataDir });
    writeFileSync(inFolder("signing.pem"), "");
    expect(() => openAuditKeys({ dataDir })).toThrow("signing.pem");
    expect(readFileSync(inFolder("signing.pem"), "utf8")).toBe("");
  });

  it("are none where no service has run", () => {
    expect(readPublicKeyFiles(join(dataDir, "missing")).size).toBe(0);
  });
});

function rsaKey(): string {
  return generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({
    format: "pem",
    type: "pkcs8",
  }) as string;
}
