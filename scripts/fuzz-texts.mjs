import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { ROOT } from "./checkout-hashes.mjs";

const CORPORA = join(ROOT, "../shared/corpora");
const TEXTS_MAX = 1000;

/** Texts of a file of `../shared/corpora`; none where it is not there. */
export function corpusTexts(file, field) {
  const path = join(CORPORA, file);
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, "utf8").split("\n").filter(Boolean);
  return lines
    .map((line) => JSON.parse(line)[field])
    .filter((text) => typeof text === "string")
    .slice(0, TEXTS_MAX);
}

/** Texts like the seeds, with parts left out, repeated, moved, joined, and tokens put in. */
export function mutated(seeds, tokens) {
  const at = fc.double({ min: 0, max: 1, noNaN: true });
  const mutation = fc.oneof(
    fc.tuple(at, at).map(
      ([from, to]) =>
        (text) =>
          cut(text, from, to, ""),
    ),
    fc.tuple(at, fc.constantFrom(...tokens)).map(
      ([where, token]) =>
        (text) =>
          cut(text, where, where, ` ${token} `),
    ),
    fc.tuple(at, fc.constantFrom(...tokens)).map(
      ([where, token]) =>
        (text) =>
          cut(text, where, where, token),
    ),
    fc.tuple(at, at).map(
      ([from, to]) =>
        (text) =>
          text + part(text, from, to),
    ),
    fc.tuple(at, at, at).map(
      ([where, from, to]) =>
        (text) =>
          cut(text, where, where, part(text, from, to)),
    ),
    fc.tuple(at, fc.constantFrom(...seeds)).map(
      ([where, other]) =>
        (text) =>
          cut(text, where, 1, part(other, where, 1)),
    ),
    fc.constant((text) => text.toUpperCase()),
  );
  return fc
    .tuple(fc.constantFrom(...seeds), fc.array(mutation, { maxLength: 5 }))
    .map(([seed, mutations]) => mutations.reduce((text, mutate) => mutate(text), seed));
}

const part = (text, from, to) => text.slice(Math.floor(from * text.length), Math.floor(to * text.length));

function cut(text, from, to, replacement) {
  const [low, high] = [from, to].map((share) => Math.floor(share * text.length)).sort((a, b) => a - b);
  return text.slice(0, low) + replacement + text.slice(high);
}
