import { expect, test } from "vitest";
import { parseSecret, webhookHeaders } from "./sign.ts";

/** Published with the specification's reference libraries. */
const KNOWN = {
  secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
  id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
  timestamp: 1614265330,
  body: '{"test": 2432232314}',
  signature: "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
};

test("a signature is the one that the specification's libraries make", () => {
  expect(webhookHeaders([parseSecret(KNOWN.secret)!], KNOWN)).toEqual({
    "webhook-id": KNOWN.id,
    "webhook-timestamp": "1614265330",
    "webhook-signature": KNOWN.signature,
  });
});

test("each secret has a signature, the first one first; without a secret there is none", () => {
  const [old, current] = [parseSecret(KNOWN.secret)!, Buffer.alloc(24, 1)];
  const [first, second] = webhookHeaders([current, old], KNOWN)["webhook-signature"]!.split(" ");
  expect(first).toMatch(/^v1,[A-Za-z0-9+/]{43}=$/);
  expect(first).not.toBe(second);
  expect(second).toBe(KNOWN.signature);
  expect(webhookHeaders([], KNOWN)).toEqual({ "webhook-id": KNOWN.id, "webhook-timestamp": "1614265330" });
});

test.each([
  "",
  "whsec_",
  KNOWN.secret.slice(6),
  `${KNOWN.secret}!`,
  `${KNOWN.secret} `,
  "whsk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
])("%j is no secret", (text) => expect(parseSecret(text)).toBeUndefined());
