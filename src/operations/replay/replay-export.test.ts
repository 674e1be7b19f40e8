import { describe, expect, test } from "vitest";
import { createCelCompiler } from "../../cel/index.ts";
import { createRuleLoader } from "../../rules/index.ts";
import { createBlockJudge, type ReplayedExport, type ReplayThreads, replayExport } from "./replay-export.ts";

const CONTENT = `version: 1
policy: p
rules:
  - { id: small, decision: allow, reason: Small., when: arguments.amount < 40 }
  - { id: token, decision: deny, reason: Token., action: { name: login }, when: arguments.token == "x" }
`;
const sources = [{ path: "p.yaml", content: CONTENT }];
const loaded = createRuleLoader({ compiler: createCelCompiler() }).load(sources);
if (!loaded.ok) throw new Error(JSON.stringify(loaded.diagnostics));
const { ruleSet } = loaded;
const told = { filters: {}, examplesMax: 5 };

/** Records of 5 KB, in chunks so small that there are many blocks. */
const PADDING = "x".repeat(5_000);
const CHUNK_BYTES = 256 * 1024;
const LINES = 2_500;

function recordAt(at: number): string {
  const id = `01890b6e-7c00-7000-8000-${String(at).padStart(12, "0")}`;
  const isLogin = at % 101 === 0;
  const wasAllowed = at % 3 !== 0;
  return JSON.stringify({
    ...{
      version: 1,
      kind: "decision",
      id,
      request_id: id,
      time: "2026-01-15T10:00:00.000Z",
      key_id: id,
      latency_us: 1,
    },
    request: { action_type: "t", action_name: isLogin ? "login" : "n", arguments: { amount: at % 60, token: PADDING } },
    identity: { name: `agent-${at % 7}`, roles: [], attributes: {} },
    decision: {
      ...{
        decision: wasAllowed ? "allow" : "deny",
        reason: "",
        reason_code: "rule_matched",
        obligations: [],
        errors: [],
      },
      ...{ rules: wasAllowed ? ["p/small"] : ["p/other"], policy_revision: `sha256:${at % 130}`, cache_ttl_seconds: 0 },
    },
    ...(isLogin && { redacted: ["/request/arguments/token"] }),
  });
}

/** With lines in it that are none of it. */
function exported(): Buffer {
  const lines = Array.from({ length: LINES }, (_, at) => Buffer.from(`${recordAt(at)}\n`));
  for (const at of [40, 900, 901, 2_300]) lines.splice(at, 0, Buffer.from("no record\n"));
  lines.splice(1_500, 0, Buffer.from([0xff, 10]), Buffer.from("\n"));
  lines.splice(2_000, 0, Buffer.from(`"${"y".repeat(17 * 1024 * 1024)}"\n`));
  lines.push(Buffer.from(`{"kind":"export.end","records":${lines.length}}\n`));
  return Buffer.concat(lines);
}

const EXPORT = exported();

async function* chunksOf(bytes: Uint8Array, size = CHUNK_BYTES) {
  for (let at = 0; at < bytes.length; at += size) {
    // A file is read while other things go on.
    await new Promise((resolve) => setImmediate(resolve));
    yield bytes.subarray(at, at + size);
  }
}

const ROOM = 6;

/** Threads that answer when all that were asked have, the last one first. */
function threads(): ReplayThreads & { readonly blocks: number[]; readonly closed: () => number } {
  const judge = createBlockJudge({ sources, ...told });
  const blocks: number[] = [];
  let waiting: (() => void)[] = [];
  let closed = 0;
  return {
    get hasRoom() {
      return waiting.length < ROOM;
    },
    blocks,
    closed: () => closed,
    judge(block) {
      blocks.push(block.length);
      return new Promise((resolve) => {
        waiting.unshift(() => resolve(structuredClone(judge(block))));
        setImmediate(() => {
          for (const answer of waiting) answer();
          waiting = [];
        });
      });
    },
    async close() {
      closed += 1;
    },
  };
}

type Open = NonNullable<ReplayedExport["threads"]>["open"];

const replayed = (open?: Open, chunks: AsyncIterable<Uint8Array> = chunksOf(EXPORT)) => {
  let blocks = 0;
  // Each piece takes half a second.
  const now = () => 500 * blocks++;
  const threads = open && { afterMs: 4_000, now, open };
  return replayExport({ chunks, ruleSet, ...told, ...(threads && { threads }) });
};

describe("a large export in several threads", () => {
  test("gives what it gives in one: the same counts, examples and line numbers, in the same order", async () => {
    const alone = await replayed();
    expect(alone).toMatchObject({ records: LINES, is_complete: true, malformed: { count: 6 } });
    expect(alone.undecidable.count).toBeGreaterThan(10);
    expect(alone.changed).toBeGreaterThan(1_000);
    const several = threads();
    expect(await replayed(async () => several)).toEqual(alone);
    expect(several.blocks.length).toBeGreaterThan(10);
    expect(several.closed()).toBe(1);
  });

  test("is decided here too while the threads have enough to do, and by them while they have not", async () => {
    const several = threads();
    const all = EXPORT.length / CHUNK_BYTES;
    let asked = 0;
    const report = await replayed(async () => ({
      ...{ judge: several.judge, close: several.close },
      get hasRoom() {
        return asked++ % 2 === 0;
      },
    }));
    expect(report).toEqual(await replayed());
    expect(several.blocks.length).toBeGreaterThan(all / 5);
    expect(several.blocks.length).toBeLessThan((all * 2) / 3);
    const none = threads();
    expect(await replayed(async () => ({ ...none, hasRoom: false }))).toEqual(report);
    expect(none.blocks).toEqual([]);
  });

  test("starts none for a small one, and goes on alone where there is one processor", async () => {
    const small = chunksOf(EXPORT.subarray(0, 600 * 1024));
    expect((await replayed(() => Promise.reject(new Error("not asked for")), small)).records).toBeGreaterThan(100);
    expect((await replayed(async () => undefined)).records).toBe(LINES);
  });

  test("does not wait for threads that are still starting when it is done", async () => {
    const open: Open = (signal) =>
      new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    expect((await replayed(open)).records).toBe(LINES);
  });

  test("is never a report when a thread fails, or cannot be started, or the file cannot be read", async () => {
    await expect(replayed(() => Promise.reject(new Error("no thread")))).rejects.toThrow("no thread");
    const failing = threads();
    const judge = () => Promise.reject(new Error("broken"));
    await expect(replayed(async () => ({ ...failing, judge }))).rejects.toThrow("broken");
    const unread = threads();
    const chunks = (async function* () {
      yield* chunksOf(EXPORT.subarray(0, 5 * 1024 * 1024));
      throw new Error("EIO");
    })();
    await expect(replayed(async () => unread, chunks)).rejects.toThrow("EIO");
    expect([failing.closed(), unread.closed()]).toEqual([1, 1]);
  });
});
