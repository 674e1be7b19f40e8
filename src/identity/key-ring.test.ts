import { describe, expect, test } from "vitest";
import { AppError } from "../model/errors.ts";
import { createApiKey } from "./api-key.ts";
import { createKeyRing } from "./key-ring.ts";
import type { ApiKey } from "./types.ts";

const NOW = 1_700_000_000_000;

function makeKey(rest: { fill?: number; expiresAt?: number } = {}) {
  const { fill = 1, ...fields } = rest;
  return createApiKey({
    id: `id-${fill}`,
    identity: { name: "a", roles: ["r"] },
    roles: ["agent"],
    now: NOW,
    random: new Uint8Array(32).fill(fill),
    ...fields,
  });
}

async function ringOf(...keys: ApiKey[]) {
  const ring = createKeyRing({ list: async () => keys });
  await ring.refresh();
  return ring;
}

const codeOf = (run: () => unknown) => {
  try {
    run();
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
  return undefined;
};

describe("authentication", () => {
  test("nobody is authenticated before the keys are known", () => {
    const ring = createKeyRing({ list: async () => [] });
    expect(ring.isReady).toBe(false);
    expect(codeOf(() => ring.authenticate("Bearer x", NOW))).toBe("not_ready");
  });

  test("no key, a wrong scheme, a wrong key, a key's prefix or its hash do not authenticate", async () => {
    const { key, secret } = makeKey();
    const ring = await ringOf(key);
    const wrong = [
      undefined,
      "",
      "Bearer",
      "Bearer ",
      `Basic ${secret}`,
      secret,
      `Bearer ${key.prefix}`,
      `Bearer ${key.hash}`,
    ];
    for (const value of [...wrong, `Bearer ${secret}x`, `Bearer ${secret.toUpperCase()}`]) {
      expect(
        codeOf(() => ring.authenticate(value, NOW)),
        value,
      ).toBe("unauthenticated");
    }
  });

  test("a key authenticates its identity and scopes, whatever the case of the scheme", async () => {
    const { key, secret } = makeKey();
    const ring = await ringOf(key);
    const caller = ring.authenticate(`bearer ${secret}`, NOW);
    expect(caller).toEqual({
      keyId: "id-1",
      identity: { name: "a", roles: ["r"], attributes: {} },
      scopes: new Set(["evaluate"]),
    });
  });

  test("a key stops at the instant it expires, and when it is revoked", async () => {
    const expiring = makeKey({ fill: 2, expiresAt: NOW + 10 });
    const revoked = makeKey({ fill: 3 });
    const ring = await ringOf(expiring.key, { ...revoked.key, revokedAt: NOW });
    expect(codeOf(() => ring.authenticate(`Bearer ${expiring.secret}`, NOW + 9))).toBeUndefined();
    expect(codeOf(() => ring.authenticate(`Bearer ${expiring.secret}`, NOW + 10))).toBe("key_expired");
    expect(codeOf(() => ring.authenticate(`Bearer ${revoked.secret}`, NOW))).toBe("key_revoked");
  });

  test("the last known keys stay when the store fails, and a slow old answer does not undo a newer one", async () => {
    const { key, secret } = makeKey();
    const answers: ((keys: ApiKey[]) => void)[] = [];
    let isFailing = false;
    const ring = createKeyRing({
      list: () => (isFailing ? Promise.reject(new Error("down")) : new Promise((resolve) => answers.push(resolve))),
    });
    const slow = ring.refresh();
    const quick = ring.refresh();
    answers[1]!([{ ...key, revokedAt: NOW }]);
    await quick;
    answers[0]!([key]);
    await slow;
    expect(codeOf(() => ring.authenticate(`Bearer ${secret}`, NOW))).toBe("key_revoked");
    isFailing = true;
    await expect(ring.refresh()).rejects.toThrow("down");
    expect(codeOf(() => ring.authenticate(`Bearer ${secret}`, NOW))).toBe("key_revoked");
  });
});
