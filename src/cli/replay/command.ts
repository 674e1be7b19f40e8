import { type ReplayReport, replayExport } from "../../operations/replay/replay-export.ts";
import { checkRules } from "../../operations/rule-sets/check-rules.ts";
import type { AuditSelection } from "../audit/deps.ts";
import { CliError } from "../cli-error.ts";
import type { CliDeps } from "../deps.ts";
import { EXIT } from "../exit-codes.ts";
import { createPaint } from "../paint.ts";
import { printable, printableJson } from "../printable.ts";
import { formatDiagnostics, located, rulesPlace } from "../rules/diagnostics-text.ts";
import { type FailOn, isNamed } from "./fail-on.ts";
import { formatReplay } from "./report-text.ts";
import { type ReplaySource, withExport } from "./source.ts";

export interface ReplayOptions extends ReplaySource {
  /** Epoch milliseconds. */
  readonly from?: number;
  readonly to?: number;
  readonly identity?: string;
  readonly actionType?: string;
  readonly actionName?: string;
  readonly decision?: "allow" | "deny" | "approval_required";
  readonly rule?: string;
  readonly session?: string;
  readonly examples: number;
  readonly failOn?: FailOn;
  readonly format: "pretty" | "json";
}

/** As long as threads take to start, compile the rules and get warm: so an export costs twice what it has to at most. */
const THREADED_AFTER_MS = 1000;

/**
 * Decides recorded decisions again with the rules of a directory.
 * @returns 6 when there is what `--fail-on` names; 1 when not all lines are records, or when that was asked of a file without
 * its end: what it names may be in what is missing
 * @throws CliError when the rules have errors or the records cannot be read whole
 */
export async function runReplay(deps: CliDeps, dir: string | undefined, options: ReplayOptions): Promise<number> {
  const { ruleSet, sources } = await loadRules(deps, dir);
  const told = { filters: filtersOf(options), examplesMax: options.examples };
  const open = (signal: AbortSignal) => deps.openReplayThreads({ sources, ...told }, signal);
  const threads = { afterMs: THREADED_AFTER_MS, now: deps.now, open };
  const report = await withExport(deps, options, selectionOf(told.filters), (chunks) =>
    replayExport({ chunks, ruleSet, ...told, threads }),
  );
  assertTrustworthy(deps, options, report);
  show(deps, options, report);
  if (report.malformed.count > 0) return EXIT.failed;
  if (options.failOn === undefined) return EXIT.ok;
  if (isNamed(report, options.failOn)) return EXIT.different;
  if (report.is_complete) return EXIT.ok;
  deps.stderr("error: what --fail-on names was not found, but it may be in the records that are missing\n");
  return EXIT.failed;
}

async function loadRules(deps: CliDeps, dir: string | undefined) {
  const place = rulesPlace(deps, dir);
  const read = await deps.readRules(place.dir);
  const { ruleSet, diagnostics } = checkRules(read);
  if (ruleSet !== undefined && read.ok) return { ruleSet, sources: read.sources };
  // On stderr, which is never coloured: stdout holds a report or nothing.
  const shown = diagnostics.map((diagnostic) => located(diagnostic, place));
  deps.stderr(formatDiagnostics(shown, createPaint(deps.env, false)));
  throw new CliError("the rules have errors, so nothing was replayed", {
    hint: "A service with these rules would deny every action. Fix them; `verdict rules check` shows them again.",
  });
}

function filtersOf({ from, to, identity, actionType, actionName, decision, rule, session }: ReplayOptions) {
  return {
    ...(from === undefined ? undefined : { from }),
    ...(to === undefined ? undefined : { to }),
    ...(identity === undefined ? undefined : { identity }),
    ...(actionType === undefined ? undefined : { action_type: actionType }),
    ...(actionName === undefined ? undefined : { action_name: actionName }),
    ...(decision === undefined ? undefined : { decision }),
    ...(rule === undefined ? undefined : { rule_id: rule }),
    ...(session === undefined ? undefined : { session_id: session }),
  };
}

/** The same for a service, which then sends no others. */
function selectionOf({ from, to, ...filters }: ReturnType<typeof filtersOf>): AuditSelection {
  return {
    kind: "decision",
    ...filters,
    ...(from === undefined ? undefined : { from: new Date(from).toISOString() }),
    ...(to === undefined ? undefined : { to: new Date(to).toISOString() }),
  };
}

/** A service's export is whole or an error; what a file is, is for `audit verify` to say. */
function assertTrustworthy({ stderr }: CliDeps, { export: file }: ReplayOptions, report: ReplayReport): void {
  const { is_complete, records, decisions } = report;
  if (file === undefined) {
    if (!is_complete) throw new CliError("the export is not complete: its end is missing", { hint: "Try again." });
  } else if (records === 0 && report.malformed.count > 0) {
    throw new CliError(`\`${file}\` is not an export of the audit log: none of its lines is a record`, {
      hint: "`verdict audit export --output file.ndjson` makes one.",
    });
  } else {
    const cut = is_complete ? "" : "; it has no end that fits, so records may be missing";
    const name = printable(file);
    stderr(`note: whether \`${name}\` is what was recorded was not verified${cut}: verdict audit verify ${name}\n`);
  }
  if (decisions === 0) stderr("warning: there is no decision to replay\n");
}

function show(deps: CliDeps, { format, export: file }: ReplayOptions, report: ReplayReport): void {
  const paint = createPaint(deps.env, deps.isInteractive);
  const value = { ...report, is_verified: file === undefined ? null : false };
  deps.stdout(format === "json" ? printableJson(value, deps.isInteractive) : formatReplay(report, paint));
}
