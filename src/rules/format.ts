/** The bounds of the rule file format, shared by the loader and the published JSON Schema. */

export const SLUG = /^[a-z0-9][a-z0-9-]{0,63}$/;
export const DURATION = /^[1-9][0-9]{0,6}[smhd]$/;
export const HELP_URL = /^https?:\/\/[^\s/?#]+(?:[/?#]\S*)?$/;
export const APPROVER = /^(?:role|user):\S(?:.{0,126}\S)?$/;

export const FORMAT_LIMITS = {
  /** UTF-16 units of one file; a file of 10,000 rules has about half of it. */
  fileCharactersMax: 4 * 1024 * 1024,
  nameMax: 200,
  descriptionMax: 4000,
  reasonMax: 1000,
  helpTextMax: 2000,
  helpUrlMax: 2048,
  /** The CEL compiler's own bound on a source, in UTF-16 units. */
  whenMax: 8192,
  globMax: 256,
  globsMax: 256,
  priorityMax: 1_000_000,
  obligationsMax: 16,
  obligationTypeMax: 64,
  approversMax: 64,
  quorumMax: 100,
  /** 30 days. */
  durationMsMax: 30 * 24 * 60 * 60 * 1000,
} as const;

export const FILE_FIELDS = ["version", "policy", "description", "rules"] as const;
export const RULE_FIELDS = [
  "id",
  "name",
  "description",
  "enabled",
  "priority",
  "action",
  "when",
  "decision",
  "reason",
  "help_text",
  "help_url",
  "obligations",
  "approval",
] as const;
export const ACTION_FIELDS = ["type", "name"] as const;
export const APPROVAL_FIELDS = ["timeout", "on_timeout", "approvers", "quorum", "grant_ttl"] as const;
export const OBLIGATION_FIELDS = ["type", "params"] as const;
export const ON_TIMEOUT = ["deny", "allow"] as const;

export const APPROVAL_DEFAULTS = { timeout: "5m", onTimeout: "deny", quorum: 1, grantTtl: "5m" } as const;

const UNIT_MS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Milliseconds of `30s`, `5m`, `1h` or `2d`; undefined for anything else and for more than 30 days. */
export function parseDuration(text: string): number | undefined {
  if (!DURATION.test(text)) return undefined;
  const ms = Number(text.slice(0, -1)) * UNIT_MS[text.at(-1) as keyof typeof UNIT_MS];
  return ms <= FORMAT_LIMITS.durationMsMax ? ms : undefined;
}
