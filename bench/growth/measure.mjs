import { performance } from "node:perf_hooks";
import { createCelCompiler } from "../../dist/cel/index.js";
import { decide } from "../../dist/engine/index.js";
import { createRuleLoader } from "../../dist/rules/index.js";
import { median, percentile } from "../percentiles.mjs";

const ROUNDS = 9;
const CALLS_A_ROUND = 40_960;

export function ruleSetOf(sources) {
  const loaded = createRuleLoader({ compiler: createCelCompiler() }).load(sources);
  if (!loaded.ok) throw new Error(loaded.diagnostics[0].message);
  return loaded.ruleSet;
}

/** Microseconds of this process's CPU, collector threads included, that a decision takes: the median of some rounds. */
export function decisionUs(ruleSet, activations) {
  const times = Array.from({ length: ROUNDS }, () => {
    const before = process.cpuUsage();
    for (let nth = 0; nth < CALLS_A_ROUND; nth++) {
      decide({ ruleSet, activation: activations[nth % activations.length], cacheTtlSecondsMax: 5 });
    }
    const { user, system } = process.cpuUsage(before);
    return (user + system) / CALLS_A_ROUND;
  });
  return median(times);
}

/** `[p50, p99, max]` in milliseconds of calls that are made one after the other. */
export async function latenciesOf(calls, call) {
  const times = [];
  for (let nth = 0; nth < calls; nth++) {
    const startedAt = performance.now();
    await call(nth);
    times.push(performance.now() - startedAt);
  }
  times.sort((a, b) => a - b);
  return [0.5, 0.99, 1].map((share) => percentile(times, share));
}

/** @throws when the answer is not a success */
export async function getJson({ url }, path, key) {
  const response = await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${key}` } });
  const body = await response.json();
  if (!response.ok) throw new Error(`${path}: ${response.status} ${JSON.stringify(body)}`);
  return body;
}
