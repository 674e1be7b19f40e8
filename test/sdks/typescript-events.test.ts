import { type AddressInfo, createServer } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { inspect } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EventReader } from "../../sdks/typescript/src/event-reader.ts";
import { Verdict } from "../../sdks/typescript/src/index.ts";
import { chooseOpenStream, type OpenStream, type StreamAnswer } from "../../sdks/typescript/src/open-stream.ts";
import { waitFor } from "../e2e/wait-for.ts";
import { startScriptedServer } from "./typescript-scripted-server.ts";

const ASK = { action_type: "tool_call", action_name: "t" } as const;
const KEY = "vdt_secret_of_the_test";
const ALLOW = {
  decision: "allow",
  reason: "",
  reason_code: "rule_matched",
  request_id: "i",
  obligations: [],
  policy_revision: "r",
  cache_ttl_seconds: 60,
};
const REVISION = 'event: revision\ndata: {"policy_revision":"r"}\n\n';

/** A client whose stream is this function. */
function clientOf(openStream: OpenStream, timeoutMs = 5000) {
  const warnings: string[] = [];
  const had = { event: 0, end: 0 };
  const client = new Verdict(
    { apiKey: KEY, events: "on", timeoutMs },
    {
      env: {},
      fetch: async () => new Response(JSON.stringify(ALLOW)),
      openStream,
      random: () => 0,
      warn: (message) => void warnings.push(message),
      streamHeard: (what) => {
        had[what] += 1;
      },
    },
  );
  return { client, warnings, had };
}

async function* textsOf(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield new TextEncoder().encode(text);
}
const answerOf = (chunks: AsyncIterable<Uint8Array>): StreamAnswer => ({
  status: 200,
  contentType: "text/event-stream; charset=utf-8",
  chunks,
});

/** Text, and then nothing more until the signal. */
async function* endless(text: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  yield* textsOf(text);
  await new Promise((resolve) => signal.addEventListener("abort", resolve));
}

describe("the event stream of the TypeScript client", () => {
  it("is ended by close, does not come back, and nothing is kept any more", async () => {
    const signals: AbortSignal[] = [];
    const { client, had } = clientOf(async (_url, _headers, signal) => {
      signals.push(signal);
      return answerOf(endless(REVISION, signal));
    });
    await client.evaluate(ASK);
    await waitFor("the first event", () => had.event === 1);
    await client.evaluate(ASK);
    expect((await client.evaluate(ASK)).cached).toBe(true);
    client.close();
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
    for (let n = 0; n < 2; n++) expect((await client.evaluate(ASK)).cached).toBe(false);
    await pause(20);
    expect(signals).toHaveLength(1);
  });

  it("is not opened by a client that is closed before it asks", async () => {
    let opened = 0;
    const { client } = clientOf(async () => {
      opened += 1;
      return answerOf(textsOf());
    });
    client.close();
    expect((await client.evaluate(ASK)).decision).toBe("allow");
    expect(opened).toBe(0);
  });

  it("tells nobody what broke it: the error may have the key in it", async () => {
    const { client, warnings, had } = clientOf(async (_url, headers) => {
      throw Object.assign(new Error(`failed: ${JSON.stringify(headers)}`), { headers });
    });
    await client.evaluate(ASK);
    await waitFor("the end", () => had.end > 0);
    client.close();
    expect(warnings).toEqual([]);
    expect(inspect(client, { depth: 9, showHidden: true, getters: true })).not.toContain(KEY);
  });

  it("is given up when it is not answered in time", async () => {
    const { client, had } = clientOf(async (_url, _headers, signal) => {
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      throw new Error("aborted");
    }, 50);
    await client.evaluate(ASK);
    await waitFor("the end", () => had.end > 0);
    client.close();
  });

  it("ends when an event does not", async () => {
    const { client, had } = clientOf(async (_url, _headers, signal) =>
      answerOf(endless(`${REVISION}data: ${"x".repeat(100_000)}`, signal)),
    );
    await client.evaluate(ASK);
    await waitFor("the end", () => had.end > 0);
    client.close();
    expect(had.event).toBe(0);
  });

  it("is none, and not waited for, when the server changes the protocol", async () => {
    const server = createServer((socket) => {
      socket.once("data", () => {
        socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n");
      });
      socket.on("error", () => {});
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/policy/stream`;
    const openStream = chooseOpenStream(globalThis.fetch);
    await expect(openStream(url, {}, new AbortController().signal)).rejects.toThrow();
    server.close();
  });

  it("works with `fetch` where there is nothing else, and does not follow a redirect there", async () => {
    const server = await startScriptedServer({ server: [], stream: [{ open: REVISION }, { behaviour: "redirect" }] });
    const { getBuiltinModule } = process;
    Object.assign(process, { getBuiltinModule: undefined });
    const openStream = chooseOpenStream(globalThis.fetch);
    Object.assign(process, { getBuiltinModule });
    const abort = new AbortController();
    const answer = await openStream(`${server.url}/v1/policy/stream`, {}, abort.signal);
    expect([answer.status, answer.contentType]).toEqual([200, "text/event-stream"]);
    for await (const chunk of answer.chunks) {
      expect(new TextDecoder().decode(chunk)).toBe(REVISION);
      break;
    }
    abort.abort();
    expect((await openStream(`${server.url}/v1/policy/stream`, {}, new AbortController().signal)).status).toBe(307);
    await server.close();
  });
});

describe("server-sent events", () => {
  it.each(["data\n", "data:\n", "data: x\n", "data: \r\n"])("of lines of %j without an end are given up", (line) => {
    const reader = new EventReader();
    const feed = () => {
      for (let n = 0; n < 100; n++) reader.read(line.repeat(1000));
    };
    expect(feed).toThrow(RangeError);
  });

  it("are the same in whatever pieces they come", () => {
    const line = fc.constantFrom("event: a", "data: b", "data:c", "data", ": x", "id: 1", "other", "event:", "");
    const ending = fc.constantFrom("\n", "\r\n", "\r");
    const text = fc.array(
      fc.tuple(line, ending).map((parts) => parts.join("")),
      { maxLength: 20 },
    );
    const property = fc.property(text, fc.array(fc.nat(200)), (parts, cuts) => {
      // A lone carriage return at the very end waits for what comes behind it.
      const whole = `${parts.join("")}\n\n`;
      const at = [0, ...cuts.map((cut) => Math.min(cut, whole.length)).sort((a, b) => a - b), whole.length];
      const pieces = at.slice(1).map((end, index) => whole.slice(at[index], end));
      const [one, other] = [new EventReader(), new EventReader()];
      expect(pieces.flatMap((piece) => one.read(piece))).toEqual(other.read(whole));
    });
    fc.assert(property);
  });
});
