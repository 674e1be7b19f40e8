import { memoryUsage } from "node:process";
import type { Activation } from "../../model/activation.ts";
import { parseJsonText } from "../../model/json-text.ts";
import { LIMITS } from "../../model/limits.ts";
import { parseEvaluateRequest } from "../../model/request.ts";
import { offlineActivation } from "../../operations/decisions/evaluate-offline.ts";
import { type BenchReport, benchRules } from "../../operations/rule-sets/bench-rules.ts";
import { fixtureActivations } from "../../operations/rule-sets/fixture-activations.ts";
import { CliError } from "../cli-error.ts";
import type { CliDeps } from "../deps.ts";
import { EXIT } from "../exit-codes.ts";
import { createPaint } from "../paint.ts";
import { printableJson } from "../printable.ts";
import { type RulesPlace, rulesPlace } from "../rules/diagnostics-text.ts";
import { loadRules } from "../rules/load-rules.ts";
import { readBytes } from "../rules/read-request.ts";
import { formatBench } from "./report-text.ts";

export interface BenchOptions {
  readonly rules?: string;
  readonly seconds: number;
  readonly compare?: string;
  readonly format: "pretty" | "json";
}

/**
 * Measures the rules of a directory.
 * @returns the exit code
 * @throws CliError when the rules have errors, or there is no request that can be used
 */
export async function runBench(deps: CliDeps, file: string | undefined, options: BenchOptions): Promise<number> {
  const place = rulesPlace(deps, options.rules);
  const earlier = options.compare === undefined ? undefined : await readReport(deps, options.compare);
  const ruleSet = await loadRules(deps, place, "the rules have errors, so nothing was measured");
  const activations =
    file === undefined
      ? await readFixtures(deps, place)
      : readRequests(await readText(deps, file, REQUESTS_HINT), file, deps.now());
  const report = benchRules(
    { ruleSet, activations, seconds: options.seconds },
    { microseconds: () => performance.now() * 1000, heapUsedBytes: () => memoryUsage().heapUsed },
  );
  deps.stdout(
    options.format === "json"
      ? printableJson({ ...report, node: process.version }, deps.isInteractive)
      : formatBench(report, earlier, createPaint(deps.env, deps.isInteractive)),
  );
  return EXIT.ok;
}

async function readFixtures(deps: CliDeps, place: RulesPlace): Promise<Activation[]> {
  const read = await deps.testFiles.readFixtures(place.dir);
  const activations = read.ok ? fixtureActivations(read.sources) : [];
  if (activations.length > 0) return activations;
  throw new CliError(`there are no fixtures beside the rules in \`${place.shown}\` to take requests from`, {
    exitCode: EXIT.usage,
    hint: REQUESTS_HINT,
  });
}

const REQUESTS_HINT = "Name a file with requests, one JSON object a line, or `-` for stdin.";

/** One request a line, with the bounds and the shape of the HTTP interface. */
function readRequests(text: string, file: string, now: number): Activation[] {
  const activations: Activation[] = [];
  for (const [at, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    activations.push(readRequest(line, `${file}:${at + 1}`, `line-${at + 1}`, now));
  }
  if (activations.length > 0) return activations;
  throw new CliError(`\`${file}\` holds no request`, { hint: REQUESTS_HINT });
}

function readRequest(line: string, where: string, id: string, now: number): Activation {
  if (line.length > LIMITS.bodyBytesMax)
    throw new CliError(`${where}: longer than the ${LIMITS.bodyBytesMax} bytes that a request may have`);
  const json = parseJsonText(line);
  if (!json.ok) throw new CliError(`${where}: the request cannot be read`, { faults: json.faults });
  const parsed = parseEvaluateRequest(json.value);
  if (!parsed.ok) throw new CliError(`${where}: the request is not valid`, { faults: parsed.faults });
  return offlineActivation(parsed.value, id, now);
}

async function readText(deps: CliDeps, file: string, hint: string): Promise<string> {
  const bytes = await readBytes(deps, file, hint);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new CliError(`\`${file}\` is not UTF-8 text`, { cause });
  }
}

/** What an earlier run printed. */
async function readReport(deps: CliDeps, file: string): Promise<BenchReport> {
  const hint = "Make one with `verdict bench --format json`.";
  const text = await readText(deps, file, hint);
  try {
    const report = JSON.parse(text) as Partial<BenchReport> | null;
    const numbers = [
      report?.decisions_per_second,
      report?.latency_us?.p50,
      report?.latency_us?.p99,
      report?.allocated_bytes,
    ];
    if (numbers.every((number) => typeof number === "number" && Number.isFinite(number))) return report as BenchReport;
  } catch (cause) {
    throw new CliError(`\`${file}\` is not JSON`, { hint, cause });
  }
  throw new CliError(`\`${file}\` is not what an earlier run printed`, { hint });
}
