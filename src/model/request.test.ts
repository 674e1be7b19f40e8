import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { evaluateRequestSchema, isEvaluateRequest, parseEvaluateRequest } from "./request.ts";

const valid = {
  action_type: "tool_call",
  action_name: "stripe.refund",
  arguments: { amount: 1 },
  destination: { url: "https://api.stripe.com/v1/refunds", port: 443 },
  identity: { name: "a", roles: ["b"], tenant: "t", attributes: { x: 1 } },
  session_id: "s",
  context: { protocol: "mcp" },
  approval_id: "x",
  explain: true,
};

const faultsOf = (body: unknown) => {
  const result = parseEvaluateRequest(body);
  return result.ok ? [] : result.faults;
};

describe("the shape of a request", () => {
  test("the hand-written guard equals the schema, on requests with any part replaced", () => {
    const anyValue = fc.oneof(
      fc.constantFrom<unknown>(null, true, 0, -1, 65_535, 65_536, 1.5, "", "x", "x".repeat(64), "x".repeat(65)),
      fc.constantFrom<unknown>(
        "x".repeat(253),
        "x".repeat(254),
        "x".repeat(256),
        "x".repeat(257),
        [],
        {},
        [""],
        ["a", 1],
      ),
      fc.constantFrom<unknown>(Array(64).fill("r"), Array(65).fill("r"), Number.NaN, 1e300),
      fc.jsonValue(),
    );
    const paths = [
      ...Object.keys(valid).map((key) => [key]),
      ...["url", "domain", "ip", "port", "scheme", "path", "command", "host"].map((key) => ["destination", key]),
      ...["name", "roles", "tenant", "attributes", "role"].map((key) => ["identity", key]),
      ["action-type"],
      ["argument"],
    ];
    fc.assert(
      fc.property(fc.constantFrom(...paths), anyValue, fc.boolean(), (path, value, remove) => {
        const body = structuredClone(valid) as Record<string, unknown>;
        const holder = (path.length === 1 ? body : body[path[0]!]) as Record<string, unknown>;
        if (remove) delete holder[path.at(-1)!];
        else holder[path.at(-1)!] = value;
        expect(isEvaluateRequest(body), JSON.stringify(body)).toBe(evaluateRequestSchema.safeParse(body).success);
      }),
      { numRuns: 5000 },
    );
    fc.assert(
      fc.property(fc.jsonValue(), (body) => {
        expect(isEvaluateRequest(body)).toBe(evaluateRequestSchema.safeParse(body).success);
      }),
    );
  });

  test("a misspelt field is refused by its pointer", () => {
    expect(faultsOf({ ...valid, argument: {} })).toEqual([
      { pointer: "/argument", detail: "unknown field; remove it" },
    ]);
    expect(faultsOf({ ...valid, identity: { role: "x" } })).toMatchObject([{ pointer: "/identity/role" }]);
  });

  test("every fault is listed, with its pointer", () => {
    expect(faultsOf({ action_name: "", destination: { port: "80" } }).map(({ pointer }) => pointer)).toEqual([
      "/action_type",
      "/action_name",
      "/destination/port",
    ]);
    expect(faultsOf([])).toMatchObject([{ pointer: "" }]);
    expect(faultsOf(null)).toMatchObject([{ pointer: "" }]);
  });

  test("keys of the prototype are not taken for fields", () => {
    const body = JSON.parse('{"action_type":"a","action_name":"b","__proto__":{"explain":true}}') as unknown;
    expect(faultsOf(body)).toMatchObject([{ pointer: "/__proto__" }]);
    expect(isEvaluateRequest(Object.create(valid))).toBe(false);
  });
});
