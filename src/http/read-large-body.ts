import { assertJsonType, type HttpContext, header, textOf, tooLarge } from "./read-body.ts";

/**
 * The bytes of a body that should be JSON, in memory of their own.
 * @throws AppError `unsupported_media_type`, `body_too_large`, `malformed_json`; Error when the client goes away meanwhile
 */
export async function readLargeBody(c: HttpContext, bytesMax: number): Promise<Uint8Array<ArrayBuffer>> {
  assertJsonType(c);
  if (Number(header(c, "content-length")) > bytesMax) throw tooLarge(bytesMax);
  // With a query it is another path for the server, which has read the body then.
  const read = c.env?.incoming?.body;
  if (read !== undefined) return new TextEncoder().encode(textOf(read));
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = c.req.raw.body?.getReader();
  for (let next = await reader?.read(); next?.value !== undefined; next = await reader?.read()) {
    length += next.value.length;
    // What is left is taken off the connection by Hono's listener, so that the answer arrives.
    if (length > bytesMax) throw tooLarge(bytesMax);
    chunks.push(next.value);
  }
  return joined(chunks, length);
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
