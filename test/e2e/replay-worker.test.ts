import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { openWorkerSession } from "../../src/adapters/worker/worker-session.ts";
import { shareBlocks } from "../../src/open-replay-threads.ts";
import { createBlockJudge } from "../../src/operations/replay/replay-export.ts";
import { packageRoot } from "../../src/package-root.ts";

const sources = [
  {
    path: "p.yaml",
    content: "version: 1\npolicy: p\nrules:\n  - { id: a, decision: allow, reason: A., when: arguments.amount < 40 }\n",
  },
];
const candidate = { sources, filters: {}, examplesMax: 2 };

const recordAt = (amount: number) =>
  JSON.stringify({
    ...{ version: 1, kind: "decision", id: `r${amount}`, request_id: "r", time: "2026-01-15T10:00:00.000Z" },
    request: { action_type: "t", action_name: "n", arguments: { amount } },
    identity: { name: "agent", roles: [], attributes: {} },
    decision: {
      ...{ decision: "allow", reason: "", reason_code: "rule_matched", rules: ["p/a"], obligations: [], errors: [] },
      ...{ policy_revision: "sha256:0", cache_ttl_seconds: 0 },
    },
    ...{ key_id: "k", latency_us: 1 },
  });

test("the built threads of a replay decide blocks as this one does", async () => {
  const entry = pathToFileURL(join(packageRoot, "dist/replay-worker.js"));
  const { signal } = new AbortController();
  const options = { entry, what: "the replay", hint: "", timeoutMs: 60_000, heapMegabytesMax: 256, signal };
  const sessions = [openWorkerSession(options), openWorkerSession(options)];
  try {
    await Promise.all(sessions.map((session) => session.call("open", candidate)));
    const { judge } = shareBlocks(sessions, async () => {});
    const blocks = [10, 39, 40, 50, 60].map((amount) => `${recordAt(amount)}\nno record\n${recordAt(amount + 1)}`);
    const bytesOf = (text: string) => new Uint8Array(new TextEncoder().encode(text));
    const judged = await Promise.all(blocks.map((text) => judge(bytesOf(text))));
    const here = createBlockJudge(candidate);
    expect(judged).toEqual(blocks.map((text) => here(bytesOf(text))));
    expect(judged.map(({ different }) => different.length)).toEqual([0, 1, 2, 2, 2]);
  } finally {
    await Promise.all(sessions.map((session) => session.close()));
  }
});

test("each block goes to the thread with the fewest, and none is sent where all have enough", async () => {
  const asked: string[] = [];
  const answers: (() => void)[] = [];
  const session = (name: string) => ({
    call: () => {
      asked.push(name);
      return new Promise<void>((resolve) => answers.push(resolve));
    },
  });
  const threads = shareBlocks([session("a"), session("b")], async () => {});
  const judged: Promise<unknown>[] = [];
  while (threads.hasRoom) judged.push(threads.judge(new Uint8Array(1)));
  expect(asked).toEqual(["a", "b", "a", "b", "a", "b"]);
  answers[1]!();
  await judged[1];
  expect(threads.hasRoom).toBe(true);
  judged.push(threads.judge(new Uint8Array(1)));
  expect([asked.at(-1), threads.hasRoom]).toEqual(["b", false]);
});
