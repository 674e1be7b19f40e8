import { EFFECTS } from "../model/decision.ts";
import * as format from "./format.ts";

const { FORMAT_LIMITS: LIMITS, APPROVAL_DEFAULTS } = format;

/** Not blank: the loader refuses texts of white space alone. */
const text = (description: string, maxLength: number) => ({ type: "string", description, maxLength, pattern: "\\S" });
const duration = (description: string, preset: string) => ({
  type: "string",
  description,
  pattern: format.DURATION.source,
  default: preset,
  examples: ["30s", "5m", "1h"],
});
const globs = (description: string, examples: readonly unknown[]) => {
  const glob = { type: "string", pattern: "\\S", maxLength: LIMITS.globMax };
  const list = { type: "array", items: glob, minItems: 1, maxItems: LIMITS.globsMax };
  return { description, anyOf: [glob, list], examples };
};

const action = {
  type: "object",
  description: "The actions that the rule is about. Both fields must match; a list matches when any of it does.",
  properties: {
    type: globs("Globs over `action_type`: `*` is any run of characters, `?` is one.", ["tool_call", "http_request"]),
    name: globs("Globs over `action_name`: `*` is any run of characters, `?` is one.", ["stripe.refund", "stripe.*"]),
  },
  minProperties: 1,
  additionalProperties: false,
};

const obligation = {
  type: "object",
  description: "A duty that the caller takes on by acting on the decision.",
  properties: {
    type: text("What the caller must do, by name.", LIMITS.obligationTypeMax),
    params: { type: "object", description: "Parameters of the duty, any JSON.", default: {} },
  },
  required: ["type"],
  additionalProperties: false,
};

const approval = {
  type: "object",
  description: "How a person is asked; only on `approval_required` rules.",
  properties: {
    timeout: duration("How long the approval waits for a person.", APPROVAL_DEFAULTS.timeout),
    on_timeout: {
      enum: format.ON_TIMEOUT,
      description: "What happens when nobody answered in time. `allow` is a risk and gets a warning.",
      default: APPROVAL_DEFAULTS.onTimeout,
    },
    approvers: {
      type: "array",
      description: "Who may approve: `role:<name>` or `user:<name>`. Empty means anyone who may resolve approvals.",
      items: { type: "string", pattern: format.APPROVER.source },
      maxItems: LIMITS.approversMax,
      default: [],
      examples: [["role:oncall"]],
    },
    quorum: {
      type: "integer",
      description: "How many people must approve.",
      minimum: 1,
      maximum: LIMITS.quorumMax,
      default: APPROVAL_DEFAULTS.quorum,
    },
    grant_ttl: duration("How long the agent may use the approval once it was given.", APPROVAL_DEFAULTS.grantTtl),
  },
  additionalProperties: false,
};

const rule = {
  type: "object",
  description: "One rule: for which actions, under which condition, with which decision.",
  properties: {
    id: {
      type: "string",
      description: "Names the rule; `<policy>/<id>` is unique over all files and appears in answers and records.",
      pattern: format.SLUG.source,
    },
    name: text("A name for people; the id when left out.", LIMITS.nameMax),
    description: text(
      "Why the rule exists, for its readers. It does not change the rule set's revision.",
      LIMITS.descriptionMax,
    ),
    enabled: { type: "boolean", description: "`false` checks the rule but does not apply it.", default: true },
    priority: {
      type: "integer",
      description:
        "The highest priority that matches wins; at the same one deny wins over approval_required over allow.",
      minimum: -LIMITS.priorityMax,
      maximum: LIMITS.priorityMax,
      default: 0,
    },
    action,
    when: {
      ...text(
        "A condition in CEL over the request; the rule applies when it is true. Always a string: use quotes.",
        LIMITS.whenMax,
      ),
      // Editors put them into a file as they are: each is plain YAML.
      examples: [
        'arguments.amount > 50.0 && !("finance-lead" in identity.roles)',
        'shell(arguments.command).runs("rm")',
        "shell(arguments.command).ok && !shell(arguments.command).dynamic",
        "sql(arguments.query).is_read_only && sql(arguments.query).statement_count == 1",
        'url(arguments.url).ok && url(arguments.url).registrable_domain == "example.com"',
        'ip(arguments.ip).ok && ip(arguments.ip).in_cidr("10.0.0.0/8")',
        "true",
      ],
    },
    decision: { enum: EFFECTS, description: "What the agent is told." },
    reason: text(
      "A sentence that the agent or its model can act on. Required unless the decision is allow.",
      LIMITS.reasonMax,
    ),
    help_text: text(
      "What the agent or its user can do next; sent with deny and approval_required.",
      LIMITS.helpTextMax,
    ),
    help_url: {
      type: "string",
      description: "A page about this rule; sent with deny and approval_required.",
      pattern: format.HELP_URL.source,
      maxLength: LIMITS.helpUrlMax,
    },
    obligations: {
      type: "array",
      description: "What the caller must do when it acts on the decision.",
      items: obligation,
      maxItems: LIMITS.obligationsMax,
      default: [],
    },
    approval,
  },
  required: ["id", "decision"],
  additionalProperties: false,
  allOf: [
    { anyOf: [{ required: ["action"] }, { required: ["when"] }] },
    { anyOf: [{ properties: { decision: { const: "allow" } } }, { required: ["reason"] }] },
    { anyOf: [{ properties: { decision: { const: "approval_required" } } }, { not: { required: ["approval"] } }] },
  ],
};

/**
 * JSON Schema (draft-07, what editors understand) of a rule file, published as `rules/verdict-rules.schema.json`. It says
 * all that the loader checks before it compiles conditions; tests hold both equal.
 */
export const RULE_FILE_SCHEMA = {
  $schema: "http://json-schema.org/draft-07/schema#",
  title: "Verdict rule file",
  description: "Rules that decide what an AI agent may do.",
  type: "object",
  properties: {
    version: { const: 1, description: "The format of this file." },
    policy: {
      type: "string",
      description: "Names the group of rules in this file; several files may share it.",
      pattern: format.SLUG.source,
    },
    description: text("What these rules are for.", LIMITS.descriptionMax),
    rules: { type: "array", description: "The rules; their order does not matter.", items: rule },
  },
  required: ["version", "policy", "rules"],
  additionalProperties: false,
} as const;
