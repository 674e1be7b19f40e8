import type { DryRunFormat } from "../operations/rule-sets/policy-checker.ts";

/** What each media type is; the first is the answer where nothing else is asked for. */
const FORMATS: Readonly<Record<string, DryRunFormat>> = {
  "application/json": "json",
  "application/junit+xml": "junit",
  "application/xml": "junit",
  "text/xml": "junit",
};
const TYPES = Object.keys(FORMATS);

/**
 * The media type that a client likes best of those that there are (RFC 9110 section 12.5.1): by `q`, then in its own order. One
 * that accepts none of them gets JSON all the same.
 */
export function acceptedFormat(accept = "*/*"): { readonly mediaType: string; readonly format: DryRunFormat } {
  const wanted = accept
    .split(",")
    .map(readRange)
    .filter(({ quality }) => quality > 0)
    .sort((a, b) => b.quality - a.quality);
  const mediaType = wanted
    .map(({ range }) => TYPES.find((type) => isIn(type, range)))
    .find((type) => type !== undefined);
  return { mediaType: mediaType ?? TYPES[0]!, format: FORMATS[mediaType ?? TYPES[0]!]! };
}

function readRange(text: string): { range: string; quality: number } {
  const [range = "", ...parameters] = text.split(";").map((part) => part.trim().toLowerCase());
  const given = parameters.find((parameter) => parameter.startsWith("q="));
  const quality = given === undefined ? 1 : Number(given.slice(2));
  return { range, quality: Number.isNaN(quality) ? 0 : quality };
}

const isIn = (type: string, range: string) =>
  range === "*/*" || range === type || (range.endsWith("/*") && type.startsWith(range.slice(0, -1)));
