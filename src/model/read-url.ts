// biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII
const ASCII = /^[\x00-\x7f]*$/;

/**
 * A URL as the WHATWG URL Standard reads it; undefined for a text that is none.
 *
 * SECURITY: `URL.canParse` says it of most texts that are none in a fraction of the time that an exception takes. Only ASCII may be
 * asked: once V8 has optimised the call, Node.js 20 takes the bytes of a Latin-1 text for UTF-8, so that `http://lºcalhost/` is a
 * URL at first and later none.
 */
export function readUrl(text: string): URL | undefined {
  if (ASCII.test(text) && !URL.canParse(text)) return undefined;
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}
