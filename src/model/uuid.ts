/**
 * A UUIDv7 (RFC 9562 section 5.7): sorts by time as text.
 * @param now epoch milliseconds
 * @param random at least 10 bytes
 */
export function uuidv7(now: number, random: Uint8Array): string {
  if (now !== lastNow) {
    const time = now.toString(16).padStart(12, "0");
    lastTime = `${time.slice(0, 8)}-${time.slice(8)}-7`;
    lastNow = now;
  }
  const r = random;
  return (
    `${lastTime + HEX[r[0]! & 0x0f]![1] + HEX[r[1]!]}-${VARIANT[r[2]! & 0x3f]}${HEX[r[3]!]}-` +
    HEX[r[4]!] +
    HEX[r[5]!] +
    HEX[r[6]!] +
    HEX[r[7]!] +
    HEX[r[8]!] +
    HEX[r[9]!]
  );
}

/** The time part of the last one: many are made in the same millisecond. */
let lastNow = -1;
let lastTime = "";

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
const VARIANT = HEX.slice(0x80, 0xc0);

/** Any UUID in its canonical lower-case text form. */
export const isUuid = (text: string) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);
