import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ReceivedEvent, readEvents } from "./event-stream-reader.ts";

async function read(bytes: Uint8Array, cuts: readonly number[] = [], charsMax = 1000): Promise<ReceivedEvent[]> {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  async function* chunks() {
    for (const [at, place] of places.entries()) yield bytes.subarray(place, places[at + 1] ?? place);
  }
  const events: ReceivedEvent[] = [];
  for await (const event of readEvents(chunks(), charsMax)) events.push(event);
  return events;
}

const readText = (text: string, charsMax?: number) => read(Buffer.from(text), [], charsMax);

describe("an event stream", () => {
  test("has events of fields; comments and unknown fields are none", async () => {
    const text = ": hello\nretry: 1000\nid: 7\n\nevent: pending\ndata: {}\nwhat: ever\n\ndata:a\ndata:  b\ndata\n\n";
    expect(await readText(text)).toEqual([
      { type: "pending", data: "{}" },
      { type: "message", data: "a\n b\n" },
    ]);
  });

  test("forgets an event without data, and one that the end cuts off", async () => {
    expect(await readText("event: a\n\ndata: 1\n\nevent: b\ndata: 2\n")).toEqual([{ type: "message", data: "1" }]);
  });

  test("has a colon in its data, and a byte order mark before it", async () => {
    expect(await readText('\ufeffdata: {"a":1}\n\n')).toEqual([{ type: "message", data: '{"a":1}' }]);
  });

  test("is the same wherever the network cuts it and however its lines end", async () => {
    const value = fc.string({ unit: "grapheme" }).filter((text) => !/[\r\n\ufeff]/.test(text));
    const events = fc.array(
      fc.record({ type: fc.constantFrom("pending", "synced"), lines: fc.array(value, { minLength: 1 }) }),
    );
    await fc.assert(
      fc.asyncProperty(
        events,
        fc.array(fc.nat()),
        fc.array(fc.constantFrom("\n", "\r", "\r\n"), { minLength: 1 }),
        async (given, cuts, ends) => {
          let at = 0;
          const line = (text: string) => text + ends[at++ % ends.length]!;
          // A CR that ends one event and a LF that ends the next line would be one line end.
          const text = given
            .map(
              ({ type, lines }) =>
                [`event: ${type}`, ...lines.map((data) => `data: ${data}`), ": end"].map(line).join("") +
                line(": ") +
                line("").replace(/^\n$/, "\r\n"),
            )
            .join("");
          const expected = given.map(({ type, lines }) => ({ type, data: lines.join("\n") }));
          expect(await read(Buffer.from(text), cuts, 1_000_000)).toEqual(expected);
        },
      ),
    );
  });

  test("that never ends a line or an event is not kept in memory", async () => {
    await expect(readText("x".repeat(20), 10)).rejects.toThrow(RangeError);
    await expect(readText("data: 12345\n".repeat(3), 10)).rejects.toThrow(RangeError);
    expect(await readText("data: 12345\n\n".repeat(3), 15)).toHaveLength(3);
  });
});
