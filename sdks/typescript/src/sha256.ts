/**
 * Lower-case hex SHA-256 (FIPS 180-4) of a text's UTF-8. WebCrypto's answers with a promise and `node:crypto` is not
 * everywhere; a key of the cache is needed at once and everywhere, and is no secret.
 */
export function sha256Hex(text: string): string {
  const message = pad(new TextEncoder().encode(text));
  const state = Uint32Array.of(
    0x6a09e667,
    0xbb67ae85,
    0x3c6ef372,
    0xa54ff53a,
    0x510e527f,
    0x9b05688c,
    0x1f83d9ab,
    0x5be0cd19,
  );
  const schedule = new Uint32Array(64);
  for (let offset = 0; offset < message.byteLength; offset += 64) {
    for (let index = 0; index < 16; index += 1) schedule[index] = message.getUint32(offset + index * 4);
    extend(schedule);
    compress(state, schedule);
  }
  return Array.from(state, (word) => word.toString(16).padStart(8, "0")).join("");
}

/** Section 5.1.1: a one bit, zeros, and the length in bits. */
function pad(bytes: Uint8Array): DataView {
  const padded = new Uint8Array((Math.floor((bytes.length + 8) / 64) + 1) * 64);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 8, Math.floor(bytes.length / 0x2000_0000));
  view.setUint32(padded.length - 4, bytes.length << 3);
  return view;
}

/** Section 6.2.2, step 1. */
function extend(w: Uint32Array): void {
  for (let index = 16; index < 64; index += 1) {
    const before15 = w[index - 15]!;
    const before2 = w[index - 2]!;
    const small0 = rotate(before15, 7) ^ rotate(before15, 18) ^ (before15 >>> 3);
    const small1 = rotate(before2, 17) ^ rotate(before2, 19) ^ (before2 >>> 10);
    w[index] = w[index - 16]! + small0 + w[index - 7]! + small1;
  }
}

/** Section 6.2.2, steps 2 to 4. */
function compress(state: Uint32Array, w: Uint32Array): void {
  let [a, b, c, d, e, f, g, h] = state as unknown as [number, number, number, number, number, number, number, number];
  for (let index = 0; index < 64; index += 1) {
    const large1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
    const first = (h + large1 + ((e & f) ^ (~e & g)) + CONSTANTS[index]! + w[index]!) | 0;
    const large0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
    const second = (large0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + first) | 0;
    d = c;
    c = b;
    b = a;
    a = (first + second) | 0;
  }
  for (const [index, word] of [a, b, c, d, e, f, g, h].entries()) state[index]! += word;
}

const rotate = (word: number, by: number) => (word >>> by) | (word << (32 - by));

/** Section 4.2.2: the first 32 bits of the fractions of the cube roots of the first 64 primes. */
const CONSTANTS = cubeRootsOfPrimes(64);

function cubeRootsOfPrimes(count: number): Uint32Array {
  const words: number[] = [];
  for (let candidate = 2; words.length < count; candidate += 1) {
    if (!isPrime(candidate)) continue;
    words.push(cubeRootFraction(candidate));
  }
  return Uint32Array.from(words);
}

function isPrime(number: number): boolean {
  for (let factor = 2; factor * factor <= number; factor += 1) if (number % factor === 0) return false;
  return true;
}

/** Exact: the largest whole root of `number * 2^96`, without its whole part. */
function cubeRootFraction(number: number): number {
  const scaled = BigInt(number) << 96n;
  let low = 0n;
  let high = 8n << 32n;
  while (high - low > 1n) {
    const middle = (low + high) >> 1n;
    if (middle ** 3n <= scaled) low = middle;
    else high = middle;
  }
  return Number(low & 0xffff_ffffn);
}
