import { hash } from "node:crypto";
import type { ApiKey, KeyRole, Scope } from "./types.ts";

/** Makes secrets recognisable to people and to secret scanners. */
const PREFIX = "vdt_";
const VISIBLE_CHARACTERS = 12;

export interface NewApiKey {
  readonly id: string;
  readonly identity: ApiKey["identity"];
  readonly roles: readonly KeyRole[];
  readonly scopes?: readonly Scope[];
  /** Epoch milliseconds. */
  readonly now: number;
  readonly expiresAt?: number;
  /** Exactly 32 bytes from a cryptographic source. */
  readonly random: Uint8Array;
}

/** Makes a key and its secret; the secret is shown once and kept nowhere. */
export function createApiKey(input: NewApiKey): { readonly key: ApiKey; readonly secret: string } {
  if (input.random.length !== 32) throw new TypeError("an API key needs 32 random bytes");
  const secret = PREFIX + Buffer.from(input.random).toString("base64url");
  const key: ApiKey = {
    id: input.id,
    prefix: secret.slice(0, VISIBLE_CHARACTERS),
    hash: hashSecret(secret),
    identity: input.identity,
    roles: input.roles,
    scopes: input.scopes ?? [],
    createdAt: input.now,
    ...(input.expiresAt === undefined ? undefined : { expiresAt: input.expiresAt }),
  };
  return { key, secret };
}

/** Lower-case hex SHA-256. */
export const hashSecret = (secret: string) => hash("sha256", secret, "hex");
