import { regexSamples } from "./regex-samples.ts";

/** What a text literal may be the pattern of. */
export type TextRole = "text" | "regex" | "glob" | "domain" | "cidr";

/** Texts around a literal: those that a comparison with it, or a match against it, tells apart; the plainest first. */
export function textSamples(literal: string, role: TextRole): string[] {
  const matching = MATCHING[role](literal);
  const near = matching.slice(0, NEAR_MAX).flatMap(neighbours);
  return [...new Set([...matching, ...near, literal])];
}

/** As many of the matching texts are also tried with something more or less. */
const NEAR_MAX = 8;

const MATCHING: Readonly<Record<TextRole, (literal: string) => string[]>> = {
  text: (literal) => [literal],
  regex: regexSamples,
  glob: globSamples,
  domain: domainSamples,
  cidr: cidrSamples,
};

function neighbours(text: string): string[] {
  const cased = [text.toUpperCase(), text.toLowerCase()].filter((other) => other !== text);
  const shorter = text === "" ? [] : [text.slice(0, -1), text.slice(1)];
  return [`${text}x`, `x${text}`, ...cased, ...shorter, `${text}/x`, `${text}.x`, `x ${text} x`];
}

function globSamples(pattern: string): string[] {
  const filled = (star: string) => pattern.replaceAll("*", star).replaceAll("?", "x");
  return pattern.includes("*") ? [filled("x"), filled(""), filled("x.x")] : [filled("")];
}

function domainSamples(pattern: string): string[] {
  const base = pattern.replace(/^\*\./, "");
  return base === pattern ? [base, `x.${base}`] : [`x.${base}`, base, `x.x.${base}`];
}

/** The ends of an IPv4 range and what is next to them; of another range its base. */
function cidrSamples(range: string): string[] {
  const [, base, bits = "32"] = /^(\d+\.\d+\.\d+\.\d+)(?:\/(\d+))?$/.exec(range) ?? [];
  if (base === undefined) return [range.replace(/\/\d+$/, "")];
  const size = 2 ** (32 - Number(bits));
  const start = Math.floor(base.split(".").reduce((sum, part) => sum * 256 + Number(part), 0) / size) * size;
  return [start, start + size - 1, start - 1, start + size].filter((n) => n >= 0 && n < 2 ** 32).map(dotted);
}

const dotted = (address: number) => [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join(".");
