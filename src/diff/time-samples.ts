import type { Node } from "../cel/ast.ts";
import { childrenOf } from "../cel/tree.ts";
import { DEFAULT_NOW } from "../fixtures/activation-of-request.ts";
import { parseInstant } from "../model/instant.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Instants, in epoch milliseconds: around those that a condition names, then every hour of a day, day of a week and month. */
export function timeSamples(condition: Node): number[] {
  const texts = textsIn(condition);
  const instants = texts.map(parseInstant).filter((instant) => !Number.isNaN(instant));
  const durations = texts.flatMap(durationOf);
  const near = [...instants, ...instants.flatMap((at) => durations.flatMap((ms) => [at + ms, at - ms]))];
  return [...new Set([...near.flatMap((at) => [at, at + 1, at - 1, at + DAY_MS, at - DAY_MS]), ...CALENDAR])].filter(
    isInYears,
  );
}

const CALENDAR = [
  DEFAULT_NOW,
  ...Array.from({ length: 24 }, (_, hours) => DEFAULT_NOW + hours * HOUR_MS),
  ...Array.from({ length: 31 }, (_, days) => DEFAULT_NOW + days * DAY_MS),
  ...Array.from({ length: 12 }, (_, months) => DEFAULT_NOW + months * 30.4 * DAY_MS),
  ...Array.from({ length: 60 }, (_, minutes) => DEFAULT_NOW + minutes * 60_000),
];

/** Those that RFC 3339 can write in four digits. */
const isInYears = (at: number) => at > -62_135_596_800_000 && at < 253_402_300_800_000;

function textsIn(node: Node): string[] {
  if (node.kind === "literal") return typeof node.value === "string" ? [node.value] : [];
  return childrenOf(node).flatMap(textsIn);
}

const UNIT_MS: Readonly<Record<string, number>> = { h: HOUR_MS, m: 60_000, s: 1000, ms: 1 };

/** Of a text such as `1h30m`, in milliseconds; none for another text. */
function durationOf(text: string): number[] {
  if (!/^-?(?:\d+(?:\.\d+)?(?:ms|h|m|s))+$/.test(text)) return [];
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|h|m|s)/g)];
  return [parts.reduce((sum, [, count, unit]) => sum + Number(count) * UNIT_MS[unit!]!, 0)];
}
