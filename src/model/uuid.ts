/**
 * A UUIDv7 (RFC 9562 section 5.7): sorts by time as text.
 * @param now epoch milliseconds
 * @param random at least 10 bytes
 */
export function uuidv7(now: number, random: Uint8Array): string {
  const time = now.toString(16).padStart(12, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}-7${hex(random, 0, 2).slice(1)}-${VARIANT[random[2]! & 0x3f]}${hex(random, 3, 4)}-${hex(random, 4, 10)}`;
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
const VARIANT = HEX.slice(0x80, 0xc0);

function hex(bytes: Uint8Array, from: number, to: number): string {
  let text = "";
  for (let i = from; i < to; i++) text += HEX[bytes[i]!];
  return text;
}

/** Any UUID in its canonical lower-case text form. */
export const isUuid = (text: string) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);
