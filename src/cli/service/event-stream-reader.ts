/** One event of a stream; `type` is `message` where the stream names none. */
export interface ReceivedEvent {
  readonly type: string;
  readonly data: string;
}

/**
 * The events of a stream (WHATWG HTML section 9.2.6). An event that the end cuts off is none.
 * @param charsMax of an event: beyond it the stream is not read on
 * @throws RangeError then
 */
export async function* readEvents(
  chunks: AsyncIterable<Uint8Array>,
  charsMax: number,
): AsyncGenerator<ReceivedEvent, void> {
  let type = "";
  let data: string[] = [];
  let chars = 0;
  for await (const line of readLines(chunks, charsMax)) {
    if (line === "") {
      if (data.length > 0) yield { type: type || "message", data: data.join("\n") };
      type = "";
      data = [];
      chars = 0;
      continue;
    }
    const [, name, value = ""] = FIELD.exec(line)!;
    if (name === "event") type = value;
    if (name !== "data") continue;
    data.push(value);
    chars += value.length + 1;
    if (chars > charsMax) throw new RangeError("an event is too long");
  }
}

/** A comment is a field without a name. */
const FIELD = /^([^:]*)(?:: ?(.*))?$/s;

/** Lines end with LF, CR or both; what stands behind the last of them is none yet. */
async function* readLines(chunks: AsyncIterable<Uint8Array>, charsMax: number): AsyncGenerator<string, void> {
  const decoder = new TextDecoder();
  let rest = "";
  let endedWithReturn = false;
  for await (const chunk of chunks) {
    const decoded = decoder.decode(chunk, { stream: true });
    if (decoded === "") continue;
    const text: string = endedWithReturn && decoded.startsWith("\n") ? decoded.slice(1) : decoded;
    endedWithReturn = text.endsWith("\r");
    const lines = (rest + text).split(/\r\n|\r|\n/);
    rest = lines.pop()!;
    if (rest.length > charsMax) throw new RangeError("a line is too long");
    yield* lines;
  }
}
