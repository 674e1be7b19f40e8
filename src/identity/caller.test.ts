import { describe, expect, test } from "vitest";
import { AppError } from "../model/errors.ts";
import type { EvaluateRequest } from "../model/request.ts";
import { assertScope, resolveIdentity } from "./caller.ts";
import type { Caller, Scope } from "./types.ts";

const callerWith = (...scopes: Scope[]): Caller => ({
  keyId: "k",
  identity: { name: "agent", roles: ["support", "eu"], tenant: "acme", attributes: {} },
  scopes: new Set(scopes),
});
const own = { name: "agent", roles: ["support", "eu"], tenant: "acme", attributes: {} };

const pointersOf = (claimed: EvaluateRequest["identity"]) => {
  try {
    resolveIdentity(callerWith("evaluate"), claimed);
    return [];
  } catch (error) {
    if (error instanceof AppError && error.code === "identity_forbidden")
      return error.faults.map(({ pointer }) => pointer);
    throw error;
  }
};

describe("identity", () => {
  test("is the key's own when the request names none, or repeats it", () => {
    expect(resolveIdentity(callerWith("evaluate"), undefined)).toEqual(own);
    const repeated = { name: "agent", roles: ["eu", "support"], tenant: "acme", attributes: {} };
    expect(resolveIdentity(callerWith("evaluate"), repeated)).toEqual(own);
  });

  test.each<[EvaluateRequest["identity"], string[]]>([
    [{ name: "admin" }, ["/identity/name"]],
    [{ roles: ["support", "eu", "admin"] }, ["/identity/roles"]],
    [{ roles: ["support"] }, ["/identity/roles"]],
    [{ tenant: "other" }, ["/identity/tenant"]],
    [{ attributes: { clearance: "top" } }, ["/identity/attributes"]],
    [{ name: "x", tenant: "y" }, ["/identity/name", "/identity/tenant"]],
  ])("%j is refused without `evaluate:as`", (claimed, pointers) => {
    expect(pointersOf(claimed)).toEqual(pointers);
  });

  test("another one is taken with `evaluate:as`, without the gateway's own roles or tenant", () => {
    const gateway = callerWith("evaluate", "evaluate:as");
    expect(resolveIdentity(gateway, { name: "bob" })).toEqual({ name: "bob", roles: [], attributes: {} });
    expect(resolveIdentity(gateway, { attributes: { level: 2 } })).toEqual({ ...own, attributes: { level: 2 } });
  });

  test("a missing scope is named", () => {
    expect(() => assertScope(callerWith("evaluate"), "keys:write")).toThrow(/keys:write/);
  });
});
