import { hash } from "node:crypto";
import { inspect } from "node:util";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { readDecision } from "../../sdks/typescript/src/decision.ts";
import { DecisionCache } from "../../sdks/typescript/src/decision-cache.ts";
import {
  cacheKey,
  canonicalJson,
  type EvaluateRequest,
  type Platform,
  Verdict,
} from "../../sdks/typescript/src/index.ts";
import { currentPlatform } from "../../sdks/typescript/src/platform.ts";

const ASK: EvaluateRequest = { action_type: "tool_call", action_name: "t" };
const KEY = "vdt_secret_of_the_test";

type Answer = (url: string, init: RequestInit) => Promise<Response> | Response;

/** A client whose `fetch` is this function. */
function clientOf(answer: Answer, platform: Partial<Platform> = {}) {
  const fetch = async (url: unknown, init: unknown) => answer(String(url), init as RequestInit);
  return new Verdict({ apiKey: KEY }, { env: {}, fetch: fetch as typeof globalThis.fetch, ...platform });
}

const json = (body: unknown, status = 200) => new Response(JSON.stringify(body), { status });
const ALLOW = {
  decision: "allow",
  reason: "",
  reason_code: "rule_matched",
  request_id: "i",
  policy_revision: "r",
  cache_ttl_seconds: 60,
  obligations: [{ type: "redact", params: { a: 1 } }],
};

describe("what JSON cannot say exactly is never sent", () => {
  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;
  const refused: [string, unknown][] = [
    ["NaN", Number.NaN],
    ["an infinity", Number.POSITIVE_INFINITY],
    ["a big integer", 1n],
    ["a function", () => 1],
    ["a symbol", Symbol("s")],
    ["undefined in a list", [undefined]],
    ["a list with a gap", new Array(1)],
    ["a map", new Map([["a", 1]])],
    ["a set", new Set([1])],
    ["bytes", new Uint8Array(2)],
    ["a promise", Promise.resolve(1)],
    ["an object of a class", new (class Order {})()],
    ["an error", new Error("e")],
    ["a date that is none", new Date(Number.NaN)],
    ["half of a pair", "\ud83d"],
    ["the other half", "a\ude00"],
    ["half of a pair as a key", { "\ud83d": 1 }],
    ["a cycle", cycle],
  ];
  it.each(refused)("%s", async (_name, value) => {
    let requests = 0;
    const client = clientOf(() => {
      requests += 1;
      return json(ALLOW);
    });
    const request = { ...ASK, arguments: { value } };
    await expect(client.evaluate(request)).rejects.toMatchObject({ name: "InvalidRequest" });
    await expect(client.guard(request, () => "ran")).rejects.toMatchObject({ name: "InvalidRequest" });
    await expect(client.evaluateBatch([request])).rejects.toMatchObject({ name: "InvalidRequest" });
    expect(await client.check(request)).toBe(false);
    expect(requests).toBe(0);
  });

  it.each([undefined, null, "text", 7])("a request that is %s", async (request) => {
    const client = clientOf(() => json(ALLOW));
    await expect(client.evaluate(request as never)).rejects.toMatchObject({ name: "InvalidRequest" });
    expect(await client.check(request as never)).toBe(false);
  });

  it("names where it is", () => {
    expect(() => canonicalJson({ arguments: { a: [0, Number.NaN] } })).toThrow('"/arguments/a/1": NaN is no JSON.');
  });

  it("but what JSON leaves out or has words for is written as `JSON.stringify` does", () => {
    const value = { b: undefined, d: new Date(0), u: new URL("https://example.com"), n: Object.create(null) };
    expect(canonicalJson(value)).toBe('{"d":"1970-01-01T00:00:00.000Z","n":{},"u":"https://example.com/"}');
  });
});

describe("the canonical form", () => {
  it("says the same as the value, in one spelling, whatever the order of keys", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        const text = canonicalJson(value);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(canonicalJson(JSON.parse(text, reversed))).toBe(text);
      }),
    );
  });

  it("has the SHA-256 that others compute, at every length", () => {
    const bodies = Array.from({ length: 200 }, (_, length) => ({ ...ASK, arguments: { text: "é".repeat(length) } }));
    for (const body of bodies) expect(cacheKey(body)).toBe(hash("sha256", canonicalJson(body)));
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 3000 }), (text) => {
        const body = { ...ASK, arguments: { text } };
        expect(cacheKey(body)).toBe(hash("sha256", canonicalJson(body)));
      }),
    );
  });
});

function reversed(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).reverse());
}

describe("the key", () => {
  it("is in no representation of the client", () => {
    const client = clientOf(() => json(ALLOW));
    for (const shown of [
      inspect(client, { depth: 9, showHidden: true, getters: true }),
      JSON.stringify(client),
      String(client),
    ])
      expect(shown).not.toContain(KEY);
  });

  it("is not in what a `fetch` of somebody else throws with the request in it", async () => {
    const client = clientOf(
      (_url, init) => {
        throw Object.assign(new Error(`failed: ${JSON.stringify(init.headers)}`), {
          init,
          cause: { headers: init.headers },
        });
      },
      { sleep: async () => {} },
    );
    const error = await client.evaluate(ASK).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: "ServerUnreachable" });
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain(KEY);
  });

  it("goes to the configured address only", async () => {
    const seen: string[] = [];
    const client = clientOf((url, init) => {
      seen.push(`${url} ${init.redirect}`);
      return json(ALLOW);
    });
    await client.evaluate(ASK);
    expect(seen).toEqual(["http://127.0.0.1:8181/v1/policy/evaluate manual"]);
  });
});

describe("an answer", () => {
  it("that a browser hides because it is a redirect is an error", async () => {
    const hidden = { status: 0, headers: new Headers(), body: null } as unknown as Response;
    await expect(clientOf(() => hidden).evaluate(ASK)).rejects.toMatchObject({ name: "VerdictError", status: 0 });
  });

  it("without an end is read no further than an answer can be", async () => {
    const piece = new Uint8Array(1 << 20).fill(0x20);
    let pieces = 0;
    let isCancelled = false;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        pieces += 1;
        controller.enqueue(piece);
      },
      cancel() {
        isCancelled = true;
      },
    });
    await expect(clientOf(() => new Response(body)).evaluate(ASK)).rejects.toMatchObject({ code: "malformed_answer" });
    expect(pieces).toBeLessThan(70);
    expect(isCancelled).toBe(true);
  });

  it.each([200, 1000, 100_000])("that is nested %i levels deep is none, and nothing else", async (levels) => {
    const nested = `{"a":${"[".repeat(levels)}${"]".repeat(levels)}}`;
    const text = JSON.stringify({ ...ALLOW, obligations: [{ type: "redact", params: 0 }] }).replace(
      ":0}",
      `:${nested}}`,
    );
    const client = clientOf(() => new Response(text));
    await expect(client.evaluate(ASK)).rejects.toMatchObject({ code: "malformed_answer" });
    expect(await client.check(ASK)).toBe(false);
  });

  it("that is kept cannot be changed by who got it first", async () => {
    const client = clientOf(() => json(ALLOW));
    const first = await client.evaluate(ASK);
    expect(() => {
      (first.obligations[0]!.params as Record<string, unknown>).a = 2;
    }).toThrow(TypeError);
    expect(() => {
      (first as { decision: string }).decision = "deny";
    }).toThrow(TypeError);
    expect((await client.evaluate(ASK)).obligations).toEqual(ALLOW.obligations);
  });

  it("to a long request is kept as well", async () => {
    let requests = 0;
    const client = clientOf(() => {
      requests += 1;
      return json(ALLOW);
    });
    const request = { ...ASK, arguments: { text: "x".repeat(10_000) } };
    await client.evaluate(request);
    expect(await client.evaluate(structuredClone(request))).toMatchObject({ cached: true });
    expect(requests).toBe(1);
  });
});

describe("answers that are under way at the same time", () => {
  /** Each request waits until the test answers it. */
  function held(timeoutMs = 5000) {
    const waiting = new Map<string, (body: object) => void>();
    const client = new Verdict(
      { apiKey: KEY, timeoutMs },
      {
        env: {},
        fetch: (_url, init) =>
          new Promise((resolve, reject) => {
            const name = (JSON.parse(String(init?.body)) as EvaluateRequest).action_name;
            waiting.set(name, (body) => resolve(json(body)));
            init?.signal?.addEventListener("abort", () => reject(new Error("aborted")));
          }),
      },
    );
    return { client, ask: (name: string) => client.evaluate({ ...ASK, action_name: name }), waiting };
  }

  it("and were asked for before another revision was seen are given, and not kept", async () => {
    const { ask, waiting } = held();
    const [old, older] = [ask("old"), ask("older")];
    const fresh = ask("fresh");
    waiting.get("older")!({ ...ALLOW, policy_revision: "r1" });
    await older;
    waiting.get("fresh")!({ ...ALLOW, policy_revision: "r2" });
    await fresh;
    waiting.get("old")!({ ...ALLOW, policy_revision: "r1" });
    expect(await old).toMatchObject({ decision: "allow", cached: false });
    const again = ask("old");
    waiting.get("old")!({ ...ALLOW, decision: "deny", policy_revision: "r2" });
    await expect(again).rejects.toMatchObject({ name: "PolicyDenied" });
  });

  it("have the timeout in all, also for who waited for another's that may not be shared", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    try {
      const { ask, waiting } = held(1000);
      const first = ask("t");
      await vi.advanceTimersByTimeAsync(400);
      const second = ask("t").catch((error: unknown) => [performance.now(), error]);
      const begun = performance.now();
      await vi.advanceTimersByTimeAsync(500);
      waiting.get("t")!({ ...ALLOW, cache_ttl_seconds: 0 });
      await first;
      await vi.advanceTimersByTimeAsync(2000);
      expect(await second).toEqual([begun + 1000, expect.objectContaining({ name: "ServerUnreachable" })]);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe("a wait", () => {
  it("for nobody knows how long is no wait", async () => {
    let requests = 0;
    const client = clientOf(() => {
      requests += 1;
      return json({ id: "a1", status: "pending" });
    });
    for (const timeoutMs of [Number.NaN, -1, 0])
      await expect(client.waitForApproval("a1", { timeoutMs })).rejects.toMatchObject({ name: "ApprovalTimeout" });
    expect(requests).toBe(0);
  });

  it("that is longer than a timer can hold does not end at once", () => {
    const timer = vi.spyOn(globalThis, "setTimeout").mockImplementation((() => 0) as never);
    void currentPlatform().sleep(1e12);
    expect(timer.mock.calls[0]![1]).toBe(2 ** 31 - 1);
    timer.mockRestore();
  });
});

describe("guard", () => {
  it("asks again for what a person saw, whatever became of the request meanwhile", async () => {
    const bodies: string[] = [];
    const request = { ...ASK, arguments: { amount: 1 } };
    const client = clientOf((url, init) => {
      if (url.includes("/v1/approvals/")) {
        request.arguments.amount = 1_000_000;
        return json({ id: "a1", status: "approved" });
      }
      bodies.push(String(init.body));
      return json(
        bodies.length === 1 ? { decision: "approval_required", approval: { id: "a1" } } : { decision: "allow" },
      );
    });
    await client.guard(request, () => "ran");
    expect(bodies).toEqual([
      '{"action_name":"t","action_type":"tool_call","arguments":{"amount":1}}',
      '{"action_name":"t","action_type":"tool_call","approval_id":"a1","arguments":{"amount":1}}',
    ]);
  });

  it("waits for an action that answers later, and hands it the decision", async () => {
    const client = clientOf(() => json(ALLOW));
    expect(await client.guard(ASK, async ({ obligations }) => obligations)).toEqual(ALLOW.obligations);
  });
});

describe("the cache", () => {
  it("holds what an obvious one would, whatever is asked for, kept and forgotten in whatever order", () => {
    const step = fc.record({
      key: fc.integer({ min: 0, max: 5 }),
      act: fc.constantFrom("get", "keep", "see"),
      ms: fc.integer({ min: 0, max: 900 }),
    });
    const property = fc.property(
      fc.array(step, { maxLength: 60 }),
      fc.integer({ min: 1, max: 4 }),
      (steps, entriesMax) => {
        let now = 0;
        let revision: number | undefined;
        const cache = new DecisionCache({ ttlSeconds: 2, entriesMax }, () => now);
        /** The least recently used first. */
        let model: { key: number; until: number }[] = [];
        for (const { key, act, ms } of steps) {
          now += ms;
          const found = model.find((entry) => entry.key === key);
          const others = model.filter((entry) => entry !== found);
          if (act === "keep") {
            cache.keep(`{${key}}`, readDecision(ALLOW).decision, now);
            model = [...others, { key, until: now + 2000 }].slice(-entriesMax);
          } else if (act === "see") {
            cache.see(String(key % 2));
            if (revision !== undefined && key % 2 !== revision) model = [];
            revision = key % 2;
          } else {
            const isKept = found !== undefined && now < found.until;
            expect(cache.get(`{${key}}`) !== undefined).toBe(isKept);
            model = isKept ? [...others, found] : others;
          }
        }
      },
    );
    fc.assert(property);
  });
});

describe("what no word of the service is", () => {
  it("is never an allow, whatever the body and the status", async () => {
    const body = fc.oneof(
      fc.json(),
      fc.string(),
      fc
        .record({ decision: fc.jsonValue(), reason: fc.jsonValue(), approval: fc.jsonValue() })
        .map((value) => JSON.stringify(value)),
    );
    const property = fc.asyncProperty(body, fc.integer({ min: 200, max: 599 }), async (text, status) => {
      fc.pre(!(status === 200 && isAllow(text)));
      const empty = [204, 205, 304].includes(status);
      const client = clientOf(() => new Response(empty ? null : text, { status }));
      expect(await client.check(ASK)).toBe(false);
    });
    await fc.assert(property, { numRuns: 300 });
  });
});

function isAllow(text: string): boolean {
  try {
    return (JSON.parse(text) as { decision?: unknown } | null)?.decision === "allow";
  } catch {
    return false;
  }
}
