import { generateKeyPairSync, randomBytes } from "node:crypto";
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { createSigner, createVerifyingKey, publicKeyPem, type Signer, type VerifyingKey } from "../../audit/index.ts";

/** The keys of a data directory's audit log. */
export interface AuditKeys {
  readonly signer: Signer;
  /** Of the signer, and of every one before it. */
  readonly verifyingKeys: readonly VerifyingKey[];
  /** Keys the digests that stand for secrets. */
  readonly redactionKey: Uint8Array;
}

export interface AuditKeyFiles {
  /** Made with its files on the first start; readable by the owner only. */
  readonly dataDir: string;
  /** A private key as PKCS #8 PEM; instead of the one in the data directory. */
  readonly auditSigningKeyFile?: string;
  /** At least 32 bytes; instead of the one in the data directory. */
  readonly auditRedactionKeyFile?: string;
}

const FOLDER = "audit-keys";
const SIGNING_KEY = "signing.pem";
const REDACTION_KEY = "redaction.key";
const PUBLIC_KEY = /^[0-9a-f]{32}\.pub\.pem$/;
const REDACTION_KEY_BYTES = 32;

/**
 * Reads the keys; makes those that are not there and were not given. A signing key that is replaced leaves its public key
 * behind, so that what it signed can be verified later.
 * @throws Error that names the file and says what is wrong with it
 */
export function openAuditKeys({ dataDir, auditSigningKeyFile, auditRedactionKeyFile }: AuditKeyFiles): AuditKeys {
  const folder = join(dataDir, FOLDER);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const signer = readKey(
    auditSigningKeyFile ?? join(folder, SIGNING_KEY),
    auditSigningKeyFile === undefined,
    newSigningKey,
    (file) => createSigner(file.toString("utf8")),
  );
  const redactionKey = readKey(
    auditRedactionKeyFile ?? join(folder, REDACTION_KEY),
    auditRedactionKeyFile === undefined,
    () => randomBytes(REDACTION_KEY_BYTES),
    assertLongEnough,
  );
  const publicPath = join(folder, `${signer.keyId}.pub.pem`);
  if (!existsSync(publicPath)) createFile(publicPath, publicKeyPem(signer));
  return { signer, redactionKey, verifyingKeys: readPublicKeys(folder) };
}

/** The public keys of a data directory as PEM, by key id. Empty where no service has run yet. */
export function readPublicKeyFiles(dataDir: string): ReadonlyMap<string, string> {
  const folder = join(dataDir, FOLDER);
  if (!existsSync(folder)) return new Map();
  const names = readdirSync(folder)
    .filter((name) => PUBLIC_KEY.test(name))
    .sort();
  return new Map(names.map((name) => [name.slice(0, 32), readFileSync(join(folder, name), "utf8")]));
}

function readPublicKeys(folder: string): VerifyingKey[] {
  const names = readdirSync(folder).filter((name) => PUBLIC_KEY.test(name));
  return names.sort().map((name) => {
    const path = join(folder, name);
    return orNameFile(path, () => createVerifyingKey(readFileSync(path, "utf8")));
  });
}

function readKey<T>(path: string, isOurs: boolean, make: () => string | Buffer, parse: (file: Buffer) => T): T {
  return orNameFile(path, () => {
    if (isOurs && !existsSync(path)) createFile(path, make());
    return parse(readFileSync(path));
  });
}

/** Durable, whole from the first moment, and never over a file that is there. */
function createFile(path: string, content: string | Buffer): void {
  const prepared = `${path}.preparing`;
  writeFileSync(prepared, content, { mode: 0o600, flush: true });
  // Only who holds the data directory's lock comes here, so nobody else makes one meanwhile.
  if (!existsSync(path)) renameSync(prepared, path);
  const folder = openSync(join(path, ".."), "r");
  fsyncSync(folder);
  closeSync(folder);
}

function newSigningKey(): string {
  const { privateKey } = generateKeyPairSync("ed25519");
  return privateKey.export({ format: "pem", type: "pkcs8" }) as string;
}

function assertLongEnough(key: Buffer): Buffer {
  if (key.length < REDACTION_KEY_BYTES)
    throw new TypeError(`has ${key.length} bytes; at least 32 random ones are needed`);
  return key;
}

function orNameFile<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    // SECURITY: the message of a parser's or the system's error, never the content.
    throw new Error(`the audit key file ${path} cannot be used: ${(error as Error).message}`);
  }
}
