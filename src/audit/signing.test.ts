import { generateKeyPairSync } from "node:crypto";
import { describe, expect, test } from "vitest";
import { createSigner, createVerifyingKey, publicKeyPem } from "./signing.ts";

// RFC 8032 section 7.1, test 2, as PKCS #8 (RFC 8410). The secret is public: it is the RFC's.
const SEED = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb";
const PUBLIC = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
const SIGNATURE =
  "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";
const base64 = (hex: string) => Buffer.from(hex, "hex").toString("base64");
const pem = toPem("PRIVATE KEY", `302e020100300506032b657004220420${SEED}`);

function toPem(type: string, hex: string): string {
  return `-----BEGIN ${type}-----\n${base64(hex)}\n-----END ${type}-----\n`;
}

const signer = createSigner(pem);
const key = createVerifyingKey(signer.publicKey);

test("signatures and keys are those of RFC 8032 and RFC 8410", () => {
  expect(signer.sign("r")).toBe(base64(SIGNATURE));
  expect(signer.publicKey).toBe(base64(`302a300506032b6570032100${PUBLIC}`));
  expect(key.isSignature("r", base64(SIGNATURE))).toBe(true);
});

test("a key has one name, however it was given", () => {
  expect(signer.keyId).toMatch(/^[0-9a-f]{32}$/);
  expect(key.keyId).toBe(signer.keyId);
  expect(createVerifyingKey(publicKeyPem(signer)).keyId).toBe(signer.keyId);
  expect(key.publicKey).toBe(signer.publicKey);
});

describe("what is not the signature is refused", () => {
  const right = signer.sign("r");
  test.each([
    ["over another text", "s", right],
    ["empty", "r", ""],
    ["cut off", "r", right.slice(0, -4)],
    ["the same bytes with other padding bits", "r", right.replace(/A==$/, "B==")],
    ["the same bytes without padding", "r", right.replace("==", "")],
    ["the same bytes with white space", "r", `${right}\n`],
    ["the same bytes in base64url", "r", Buffer.from(SIGNATURE, "hex").toString("base64url")],
  ])("%s", (_, text, signature) => {
    expect(signature).not.toBe(text === "r" ? right : "");
    expect(key.isSignature(text, signature)).toBe(false);
  });
});

describe("what is not an Ed25519 key is refused, without its text in the message", () => {
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const rsaPrivate = rsa.privateKey.export({ format: "pem", type: "pkcs8" }).toString();
  const rsaPublic = rsa.publicKey.export({ format: "pem", type: "spki" }).toString();

  test.each([
    ["an RSA key to sign", () => createSigner(rsaPrivate), "not an Ed25519 private key"],
    ["an RSA key to verify", () => createVerifyingKey(rsaPublic), "not an Ed25519 public key"],
    ["a public key to sign", () => createSigner(publicKeyPem(signer)), "not a private key"],
    ["a private key to verify", () => createVerifyingKey(pem), "this is a private key"],
    ["rubbish to sign", () => createSigner("hunter2"), "not a private key"],
    ["rubbish to verify", () => createVerifyingKey("hunter2"), "not a public key"],
  ])("%s", (_, create, message) => {
    expect(create).toThrow(TypeError);
    expect(create).toThrow(message);
    expect(create).not.toThrow("hunter2");
  });
});
