const RANDOM_BYTES = 8;
const BLOCK_IDS = 500;
const COUNTER_MAX = 0xfff;

/**
 * Makes UUIDv7s (RFC 9562 section 5.7) that sort, as text, in the order in which they were made, whatever the clock
 * does: within a millisecond the 12 bits of `rand_a` count up from a random start (section 6.2, method 1); a clock that
 * goes back is not followed, and a full counter borrows the next millisecond.
 *
 * @param fillRandom overwrites all bytes; called for many ids at a time, since one call an id would cost microseconds
 * @param after an id that all new ones sort behind
 * @returns takes epoch milliseconds
 */
export function createUuidv7(fillRandom: (bytes: Uint8Array) => void, after?: string): (now: number) => string {
  const block = new Uint8Array(RANDOM_BYTES * BLOCK_IDS);
  let used = block.length;
  let time = after === undefined ? -1 : instantOfUuidv7(after);
  let counter = COUNTER_MAX;
  let timeText = "";

  function startMillisecond(now: number, random: number): void {
    time = now;
    // The upper half of the counter's range is left for counting.
    counter = random & (COUNTER_MAX >> 1);
    const hex = now.toString(16).padStart(12, "0");
    timeText = `${hex.slice(0, 8)}-${hex.slice(8)}-7`;
  }

  return (now) => {
    if (used === block.length) {
      fillRandom(block);
      used = 0;
    }
    const at = used;
    used += RANDOM_BYTES;
    if (now > time) startMillisecond(now, (block[at]! << 8) | block[at + 1]!);
    else if (counter === COUNTER_MAX) startMillisecond(time + 1, 0);
    else counter += 1;
    return (
      `${timeText + HEX[counter >> 8]![1] + HEX[counter & 0xff]}-${VARIANT[block[at]! & 0x3f]}${HEX[block[at + 1]!]}-` +
      HEX[block[at + 2]!] +
      HEX[block[at + 3]!] +
      HEX[block[at + 4]!] +
      HEX[block[at + 5]!] +
      HEX[block[at + 6]!] +
      HEX[block[at + 7]!]
    );
  };
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
const VARIANT = HEX.slice(0x80, 0xc0);

/** Any UUID in its canonical lower-case text form. */
export const isUuid = (text: string) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);

/** The smallest UUIDv7 of an instant, in epoch milliseconds: ids of that millisecond and later sort at or behind it. */
export function firstUuidv7At(epochMs: number): string {
  const hex = Math.min(Math.max(Math.ceil(epochMs), 0), 2 ** 48 - 1)
    .toString(16)
    .padStart(12, "0");
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`;
}

/** The instant in a UUIDv7, in epoch milliseconds. */
export const instantOfUuidv7 = (id: string) => Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
