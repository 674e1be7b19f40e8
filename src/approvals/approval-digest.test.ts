import { describe, expect, it } from "vitest";
import type { Activation } from "../model/activation.ts";
import { canonicalJson } from "../model/canonical-json.ts";
import { approvalDigest } from "./index.ts";

const ACTIVATION: Activation = {
  action_type: "tool_call",
  action_name: "stripe.refund",
  arguments: { charge: "ch_1", amount: 120 },
  destination: { domain: "api.stripe.com", port: 443 },
  identity: { name: "billing-agent", roles: ["agent", "billing"], tenant: "acme", attributes: { shift: "night" } },
  session: { id: "run-1" },
  context: { framework: "test" },
  request: { id: "a", time: 1 },
  now: 1,
};

const RULES = `sha256:${"1".repeat(64)}`;

describe("approvalDigest", () => {
  it("is the SHA-256 of the RFC 8785 form", () => {
    // By sha256sum, of the canonical text written by hand.
    expect(approvalDigest(ACTIVATION, RULES)).toBe(
      "sha256:0557e6de0e97767afa3a9ebcd30239b6d2a5bbf756060a7e6935261e06137cca",
    );
  });

  it("changes with what the rules ask", () => {
    expect(approvalDigest(ACTIVATION, `sha256:${"2".repeat(64)}`)).not.toBe(approvalDigest(ACTIVATION, RULES));
  });

  const { identity } = ACTIVATION;
  it.each<[string, Partial<Activation>]>([
    ["action type", { action_type: "http_request" }],
    ["action name", { action_name: "stripe.refund.all" }],
    ["argument", { arguments: { charge: "ch_1", amount: 121 } }],
    ["type of an argument", { arguments: { charge: "ch_1", amount: "120" } }],
    ["further argument", { arguments: { charge: "ch_1", amount: 120, force: true } }],
    ["destination", { destination: { domain: "api.stripe.com", port: 8443 } }],
    ["identity", { identity: { ...identity, name: "other-agent" } }],
    ["role", { identity: { ...identity, roles: ["agent"] } }],
    ["tenant", { identity: { ...identity, tenant: "globex" } }],
    ["missing tenant", { identity: { name: identity.name, roles: identity.roles, attributes: {} } }],
    ["session", { session: { id: "run-2" } }],
    ["missing session", { session: {} }],
  ])("changes with another %s", (_, parts) => {
    expect(approvalDigest({ ...ACTIVATION, ...parts }, RULES)).not.toBe(approvalDigest(ACTIVATION, RULES));
  });

  it.each<[string, Partial<Activation>]>([
    ["the order of arguments", { arguments: { amount: 120, charge: "ch_1" } }],
    ["the order and number of roles", { identity: { ...identity, roles: ["billing", "agent", "agent"] } }],
    ["attributes", { identity: { ...identity, attributes: {} } }],
    ["context", { context: {} }],
    ["time and request id", { now: 2, request: { id: "b", time: 2 } }],
  ])("does not depend on %s", (_, parts) => {
    expect(approvalDigest({ ...ACTIVATION, ...parts }, RULES)).toBe(approvalDigest(ACTIVATION, RULES));
  });
});

describe("the canonical form is that of RFC 8785", () => {
  it("writes values as its section 3.2.2 does", () => {
    const given = String.raw`{
      "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
      "literals": [null, true, false]
    }`;
    expect(canonicalJson(JSON.parse(given))).toBe(
      `{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],` +
        String.raw`"string":"€$\u000f\nA'B\"\\\\\"/"}`,
    );
  });

  it("sorts keys by UTF-16 code units as its section 3.2.3 does", () => {
    const keys = ["\u20ac", "\r", "\ufb33", "1", "\ud83d\ude00", "\u0080", "\u00f6"];
    const sorted = canonicalJson(Object.fromEntries(keys.map((key) => [key, 0])));
    expect([...sorted.matchAll(/"((?:[^"\\]|\\.)+)"/g)].map((match) => match[1])).toEqual([
      "\\r",
      "1",
      "\u0080",
      "\u00f6",
      "\u20ac",
      "\ud83d\ude00",
      "\ufb33",
    ]);
  });

  it.each([
    ["0000000000000000", "0"],
    ["8000000000000000", "0"],
    ["0000000000000001", "5e-324"],
    ["8000000000000001", "-5e-324"],
    ["7fefffffffffffff", "1.7976931348623157e+308"],
    ["4340000000000000", "9007199254740992"],
    ["4430000000000000", "295147905179352830000"],
    ["44b52d02c7e14af5", "9.999999999999997e+22"],
    ["44b52d02c7e14af6", "1e+23"],
    ["444b1ae4d6e2ef4e", "999999999999999700000"],
    ["444b1ae4d6e2ef50", "1e+21"],
    ["3eb0c6f7a0b5ed8c", "9.999999999999997e-7"],
    ["3eb0c6f7a0b5ed8d", "0.000001"],
    ["41b3de4355555555", "333333333.3333333"],
    ["becbf647612f3696", "-0.0000033333333333333333"],
  ])("writes the number %s as its appendix B does", (bits, text) => {
    expect(canonicalJson(Buffer.from(bits, "hex").readDoubleBE())).toBe(text);
  });
});
