import { EFFECTS, type Effect } from "../model/decision.ts";
import type { Obligation } from "../model/obligation.ts";
import type { FileReport } from "./diagnostics.ts";
import {
  readBoolean,
  readChoice,
  readFields,
  readInteger,
  readJson,
  readMapping,
  readText,
  readTexts,
} from "./fields.ts";
import * as format from "./format.ts";
import type { ApprovalTerms } from "./types.ts";
import { parseYamlTree, scalarValue, type YamlEntry, type YamlNode, type YamlScalar } from "./yaml-tree.ts";

/** A rule as written, read and bounded, its condition not yet compiled. */
export interface RuleDraft {
  /** `<policy>/<id>`. */
  readonly id: string;
  readonly offset: number;
  readonly name: string;
  readonly description?: string;
  readonly enabled: boolean;
  readonly priority: number;
  readonly actionTypes?: readonly string[];
  readonly actionNames?: readonly string[];
  readonly when?: RuleCondition;
  readonly decision: Effect;
  readonly reason: string;
  readonly helpText?: string;
  readonly helpUrl?: string;
  readonly obligations: readonly Obligation[];
  readonly approval?: ApprovalTerms;
}

export interface RuleCondition {
  /** Without white space around it. */
  readonly source: string;
  readonly node: YamlScalar;
}

const { FORMAT_LIMITS: LIMITS } = format;
const SLUG_BOUNDS = {
  max: 64,
  pattern: format.SLUG,
  expected: "lower-case letters, digits and hyphens, beginning with a letter or digit",
} as const;

export interface RuleFileDraft {
  /** Rules without a problem so far. */
  readonly rules: readonly RuleDraft[];
  /** Conditions of rules that have one, so that their faults can be shown at the same time. */
  readonly others: readonly { readonly ruleId: string | undefined; readonly when: RuleCondition }[];
}

const NOTHING: RuleFileDraft = { rules: [], others: [] };

/** Reads one file. Problems go to the report. */
export function readRuleFile(report: FileReport): RuleFileDraft {
  if (report.source.length > LIMITS.fileCharactersMax) {
    report.error("file-too-large", 0, `a rule file may have at most ${LIMITS.fileCharactersMax} characters; split it`);
    return NOTHING;
  }
  const { root, faults } = parseYamlTree(report.source);
  for (const fault of faults) report.error(fault.code, fault.offset, fault.message);
  if (root === undefined || (root.kind === "scalar" && root.text === "")) {
    if (faults.length === 0)
      report.error("empty-file", 0, "the file has no content; a rule file begins with `version: 1`");
    return NOTHING;
  }
  const fields = readFields(report, root, "a rule file", format.FILE_FIELDS);
  if (fields === undefined) return NOTHING;
  const version = fields.get("version");
  if (version === undefined) missing(report, "version", root.offset, "write `version: 1`");
  else readVersion(report, version.value);
  const policyEntry = fields.get("policy");
  if (policyEntry === undefined) missing(report, "policy", root.offset, "it names the file's group of rules");
  const policy = policyEntry && readText(report, "policy", policyEntry.value, SLUG_BOUNDS);
  optionalText(report, fields.get("description"), LIMITS.descriptionMax);
  const rules = fields.get("rules");
  if (rules === undefined) {
    missing(report, "rules", root.offset, "write `rules: []` for none");
    return NOTHING;
  }
  return readRules(report, rules.value, policy ?? "?");
}

function readVersion(report: FileReport, node: YamlNode): void {
  if (node.kind === "invalid") return;
  if (node.kind !== "scalar" || scalarValue(node) !== 1)
    report.error("unsupported-version", node.offset, "`version` must be 1, the only format that there is");
}

function readRules(report: FileReport, node: YamlNode, policy: string): RuleFileDraft {
  if (node.kind === "invalid") return NOTHING;
  if (node.kind !== "sequence") {
    report.error("wrong-type", node.offset, "`rules` must be a list; begin each rule with `- id:`");
    return NOTHING;
  }
  const rules: RuleDraft[] = [];
  const others: { ruleId: string | undefined; when: RuleCondition }[] = [];
  for (const item of node.items) {
    const problems = report.errors;
    report.ruleId = fullIdOf(item, policy);
    const draft = readRule(report, item, policy);
    if (draft !== undefined && report.errors === problems) rules.push(draft as RuleDraft);
    else if (draft?.when !== undefined) others.push({ ruleId: report.ruleId, when: draft.when });
    report.ruleId = undefined;
  }
  return { rules, others };
}

/** @returns undefined fields only where a problem was reported */
function readRule(report: FileReport, node: YamlNode, policy: string): PartialDraft | undefined {
  const fields = readFields(report, node, "a rule", format.RULE_FIELDS);
  if (fields === undefined) return undefined;
  const idEntry = fields.get("id");
  if (idEntry === undefined) missing(report, "id", node.offset, "it names the rule in answers and records");
  const id = idEntry && readText(report, "id", idEntry.value, SLUG_BOUNDS);

  const name = optionalText(report, fields.get("name"), LIMITS.nameMax);
  const description = optionalText(report, fields.get("description"), LIMITS.descriptionMax);
  const enabled = fields.get("enabled");
  const isEnabled = enabled === undefined ? true : readBoolean(report, "enabled", enabled.value);
  const priorityNode = fields.get("priority")?.value;
  const bound = LIMITS.priorityMax;
  const priority = priorityNode === undefined ? 0 : readInteger(report, "priority", priorityNode, -bound, bound);
  const action = fields.get("action") && readAction(report, fields.get("action")!.value);
  const when = fields.get("when") && readWhen(report, fields.get("when")!.value);
  if (!fields.has("action") && !fields.has("when"))
    report.error(
      "missing-condition",
      node.offset,
      'a rule needs `action` or `when`; to match every request on purpose, write `when: "true"`',
    );
  const decision = readDecision(report, fields.get("decision"), node.offset);
  const reason = readReason(report, fields.get("reason"), node.offset, decision, id && `${policy}/${id}`);
  const helpText = optionalText(report, fields.get("help_text"), LIMITS.helpTextMax);
  const helpUrlEntry = fields.get("help_url");
  const urlBounds = { max: LIMITS.helpUrlMax, pattern: format.HELP_URL, expected: "an `https://` or `http://` URL" };
  const helpUrl = helpUrlEntry && readText(report, "help_url", helpUrlEntry.value, urlBounds);
  const obligations = fields.get("obligations");
  const duties = obligations === undefined ? [] : readObligations(report, obligations.value);
  const approval = readApproval(report, fields.get("approval"), decision);

  return {
    id: `${policy}/${id}`,
    offset: node.offset,
    name: name ?? id,
    enabled: isEnabled,
    priority,
    decision,
    reason,
    obligations: duties,
    ...(description !== undefined && { description }),
    ...action,
    ...(when !== undefined && { when }),
    ...(helpText !== undefined && { helpText }),
    ...(helpUrl !== undefined && { helpUrl }),
    ...(approval !== undefined && { approval }),
  };
}

type PartialDraft = { [K in keyof RuleDraft]: RuleDraft[K] | undefined };

/** The id that a rule's problems are reported under, when it can be told before the rule is read. */
function fullIdOf(node: YamlNode, policy: string): string | undefined {
  if (node.kind !== "mapping" || policy === "?") return undefined;
  const id = node.entries.find((entry) => entry.key === "id")?.value;
  return id?.kind === "scalar" && format.SLUG.test(id.text) ? `${policy}/${id.text}` : undefined;
}

function missing(report: FileReport, field: string, offset: number, why: string): void {
  report.error("missing-field", offset, `missing field \`${field}\`: ${why}`);
}

function optionalText(report: FileReport, entry: YamlEntry | undefined, max: number): string | undefined {
  return entry && readText(report, entry.key, entry.value, { max });
}

function readAction(report: FileReport, node: YamlNode) {
  const fields = readFields(report, node, "`action`", format.ACTION_FIELDS);
  if (fields === undefined) return undefined;
  const globs = (field: (typeof format.ACTION_FIELDS)[number]) => {
    const entry = fields.get(field);
    const bounds = { max: LIMITS.globMax, min: 1, itemsMax: LIMITS.globsMax, orOne: true };
    return entry && readTexts(report, `action.${field}`, entry.value, bounds);
  };
  const actionTypes = globs("type");
  const actionNames = globs("name");
  if (node.kind === "mapping" && node.entries.length === 0)
    missing(report, "type", node.offset, "`action` needs `type` or `name`");
  return { ...(actionTypes && { actionTypes }), ...(actionNames && { actionNames }) };
}

function readWhen(report: FileReport, node: YamlNode): RuleCondition | undefined {
  if (readText(report, "when", node, { max: LIMITS.whenMax }) === undefined || node.kind !== "scalar") return undefined;
  return { source: node.text.trim(), node };
}

function readDecision(report: FileReport, entry: YamlEntry | undefined, offset: number): Effect | undefined {
  if (entry !== undefined) return readChoice(report, "decision", entry.value, EFFECTS);
  missing(report, "decision", offset, `one of ${EFFECTS.map((effect) => `\`${effect}\``).join(", ")}`);
  return undefined;
}

function readReason(
  report: FileReport,
  entry: YamlEntry | undefined,
  offset: number,
  decision: Effect | undefined,
  id: string | undefined,
): string | undefined {
  if (entry !== undefined) return readText(report, "reason", entry.value, { max: LIMITS.reasonMax });
  if (decision === "allow") return `Allowed by rule ${id ?? ""}.`;
  if (decision !== undefined) missing(report, "reason", offset, "a sentence that tells the agent why, and what to do");
  return undefined;
}

function readObligations(report: FileReport, node: YamlNode): Obligation[] | undefined {
  if (node.kind === "invalid") return undefined;
  if (node.kind !== "sequence") {
    report.error("wrong-type", node.offset, "`obligations` must be a list; begin each with `- type:`");
    return undefined;
  }
  if (node.items.length > LIMITS.obligationsMax) {
    report.error("invalid-value", node.offset, `\`obligations\` must have at most ${LIMITS.obligationsMax} items`);
    return undefined;
  }
  const duties = node.items.map((item) => readObligation(report, item));
  return duties.includes(undefined) ? undefined : (duties as Obligation[]);
}

function readObligation(report: FileReport, node: YamlNode): Obligation | undefined {
  const fields = readFields(report, node, "an obligation", format.OBLIGATION_FIELDS);
  if (fields === undefined) return undefined;
  const typeEntry = fields.get("type");
  if (typeEntry === undefined) missing(report, "type", node.offset, "it names what the caller must do");
  const bounds = { max: LIMITS.obligationTypeMax };
  const type = typeEntry && readText(report, "type", typeEntry.value, bounds);
  const paramsEntry = fields.get("params");
  const mapping = paramsEntry && readMapping(report, paramsEntry.value, "`params`");
  const params = mapping === undefined ? {} : readJson(report, "params", mapping);
  if (type === undefined || params === undefined) return undefined;
  return { type, params: params as Obligation["params"] };
}

function readApproval(report: FileReport, entry: YamlEntry | undefined, decision: Effect | undefined) {
  if (entry === undefined) return decision === "approval_required" ? approvalTerms({}) : undefined;
  if (decision === "allow" || decision === "deny") {
    const detail = `\`approval\` belongs to \`approval_required\` rules only; this one is \`${decision}\``;
    report.error("misplaced-field", entry.keyOffset, detail);
  }
  const fields = readFields(report, entry.value, "`approval`", format.APPROVAL_FIELDS);
  if (fields === undefined) return undefined;
  const onTimeoutNode = fields.get("on_timeout")?.value;
  const onTimeout = onTimeoutNode && readChoice(report, "on_timeout", onTimeoutNode, format.ON_TIMEOUT);
  const approversNode = fields.get("approvers")?.value;
  const expected = "`role:<name>` or `user:<name>`";
  const bounds = { max: 256, min: 0, itemsMax: LIMITS.approversMax, orOne: false, pattern: format.APPROVER, expected };
  const approvers = approversNode && readTexts(report, "approvers", approversNode, bounds);
  const quorumNode = fields.get("quorum")?.value;
  const quorum = quorumNode && readInteger(report, "quorum", quorumNode, 1, LIMITS.quorumMax);
  const timeoutMs = readDuration(report, fields.get("timeout"));
  const grantTtlMs = readDuration(report, fields.get("grant_ttl"));
  if (onTimeout === "allow") {
    const detail = "the action is allowed when nobody answers in time; `on_timeout: deny` is the safe choice";
    report.warn("on-timeout-allow", onTimeoutNode!.offset, detail);
  }
  if (approvers !== undefined && quorum !== undefined && new Set(approvers).size < quorum) {
    if (approvers.length > 0 && approvers.every((approver) => approver.startsWith("user:")))
      report.warn(
        "unreachable-quorum",
        quorumNode!.offset,
        `\`quorum\` ${quorum} is more than the users in \`approvers\``,
      );
  }
  return approvalTerms({
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(grantTtlMs !== undefined && { grantTtlMs }),
    ...(onTimeout !== undefined && { onTimeout }),
    ...(approvers !== undefined && { approvers }),
    ...(quorum !== undefined && { quorum }),
  });
}

function readDuration(report: FileReport, entry: YamlEntry | undefined): number | undefined {
  if (entry === undefined) return undefined;
  const text = readText(report, entry.key, entry.value, { max: 32 });
  if (text === undefined) return undefined;
  const ms = format.parseDuration(text);
  if (ms === undefined) {
    const detail = `\`${entry.key}\` must be a duration of at most 30 days such as \`30s\`, \`5m\` or \`1h\`, not \`${text}\``;
    report.error("invalid-value", entry.value.offset, detail);
  }
  return ms;
}

function approvalTerms(given: Partial<ApprovalTerms>): ApprovalTerms {
  const { timeout, onTimeout, quorum, grantTtl } = format.APPROVAL_DEFAULTS;
  return {
    timeoutMs: format.parseDuration(timeout)!,
    onTimeout,
    approvers: [],
    quorum,
    grantTtlMs: format.parseDuration(grantTtl)!,
    ...given,
  };
}
