import { AppError } from "../model/errors.ts";
import { assertJsonType, type HttpContext, header, textOf, tooLarge } from "./read-body.ts";

/**
 * The bytes of a body that should be JSON, in memory of their own.
 * @throws AppError `unsupported_media_type`, `body_too_large`, `malformed_json`
 */
export async function readLargeBody(c: HttpContext, bytesMax: number): Promise<Uint8Array<ArrayBuffer>> {
  assertJsonType(c);
  if (Number(header(c, "content-length")) > bytesMax) throw tooLarge(bytesMax);
  // With a query it is another path for the server, which has read the body then.
  const read = c.env?.incoming?.body;
  if (read !== undefined) return new TextEncoder().encode(textOf(read));
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunksOf(c)) {
    length += chunk.length;
    // What is left is taken off the connection by Hono's listener, so that the answer arrives.
    if (length > bytesMax) throw tooLarge(bytesMax);
    chunks.push(chunk);
  }
  return joined(chunks, length);
}

/** Not the stream's own iterator, which would end the connection where it is left early. */
async function* chunksOf(c: HttpContext): AsyncGenerator<Uint8Array, void> {
  const reader = c.req.raw.body?.getReader();
  if (reader === undefined) return;
  for (;;) {
    const { value } = await reader.read().catch(() => {
      throw new AppError("malformed_json", "The client has gone in the middle of the body.");
    });
    if (value === undefined) return;
    yield value;
  }
}

/** Not `Buffer.concat`, whose memory may be shared with other buffers. */
function joined(chunks: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
