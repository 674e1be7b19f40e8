import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from "node:crypto";

/** Signs checkpoints and exports: Ed25519 (RFC 8032). */
export interface Signer {
  readonly keyId: string;
  /** The public key as base64 of its SubjectPublicKeyInfo in DER (RFC 8410). */
  readonly publicKey: string;
  /** @returns base64 of the 64 bytes over the text's UTF-8 */
  sign(text: string): string;
}

/** A public key and its name. */
export interface VerifyingKey {
  readonly keyId: string;
  /** Base64 of its SubjectPublicKeyInfo in DER (RFC 8410). */
  readonly publicKey: string;
  /** @param signature in the one form that `Signer.sign` gives it: base64 (RFC 4648 section 4), padded, no other bits set */
  isSignature(text: string, signature: string): boolean;
}

/** @param pem a private key as PKCS #8 PEM. @throws TypeError when it is not an Ed25519 private key */
export function createSigner(pem: string): Signer {
  const key = parseKey(() => createPrivateKey(pem), "private");
  const publicKey = createPublicKey(key);
  return {
    keyId: keyIdOf(publicKey),
    publicKey: toDer(publicKey).toString("base64"),
    sign: (text) => sign(null, Buffer.from(text), key).toString("base64"),
  };
}

/** @param text a public key as SPKI PEM, or as base64 of its DER. @throws TypeError when it is not an Ed25519 public key */
export function createVerifyingKey(text: string): VerifyingKey {
  // SECURITY: node derives a public key from a private one; an auditor who was given that must hear of it.
  if (text.includes("PRIVATE KEY")) throw new TypeError("this is a private key; an auditor needs the public one");
  const isPem = text.includes("-----BEGIN");
  const key = parseKey(
    () => createPublicKey(isPem ? text : { key: Buffer.from(text, "base64"), format: "der", type: "spki" }),
    "public",
  );
  return {
    keyId: keyIdOf(key),
    publicKey: toDer(key).toString("base64"),
    isSignature(signed, signature) {
      const bytes = Buffer.from(signature, "base64");
      // SECURITY: node ignores what is not base64; a signature that can be written in two ways could be altered unseen.
      return bytes.toString("base64") === signature && verify(null, Buffer.from(signed), key, bytes);
    },
  };
}

/** The public key of a signer as SPKI PEM. */
export function publicKeyPem({ publicKey }: Pick<Signer, "publicKey">): string {
  return `-----BEGIN PUBLIC KEY-----\n${publicKey}\n-----END PUBLIC KEY-----\n`;
}

function parseKey(parse: () => KeyObject, type: "private" | "public"): KeyObject {
  let key: KeyObject;
  try {
    key = parse();
  } catch {
    // SECURITY: the cause may quote the key.
    throw new TypeError(`not a ${type} key in PEM form`);
  }
  if (key.asymmetricKeyType !== "ed25519") throw new TypeError(`not an Ed25519 ${type} key`);
  return key;
}

const toDer = (key: KeyObject) => key.export({ format: "der", type: "spki" });

/** The first 32 hex characters of the SHA-256 of the key's DER. */
const keyIdOf = (key: KeyObject) => createHash("sha256").update(toDer(key)).digest("hex").slice(0, 32);
