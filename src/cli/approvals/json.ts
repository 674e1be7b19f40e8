import { isObject } from "../key-json.ts";

/** An approval as the HTTP interface writes it; what a newer service adds stays in it. Times are RFC 3339. */
export interface ApprovalJson {
  readonly id: string;
  /** One of `APPROVAL_STATUSES`, unless a newer service knows more of them. */
  readonly status: string;
  readonly created_at: string;
  readonly expires_at: string;
  readonly action_type: string;
  readonly action_name: string;
  readonly session_id?: string | null;
  /** As it was sent, but for what was redacted. */
  readonly request: Readonly<Record<string, unknown>>;
  readonly requester: {
    readonly name: string;
    readonly roles: readonly string[];
    readonly tenant?: string | null;
    readonly key_id: string;
    readonly key_holder: string;
  };
  readonly rule: { readonly id: string; readonly name: string; readonly reason: string };
  readonly policy_revision: string;
  readonly terms: {
    readonly approvers: readonly (readonly string[])[];
    readonly quorum: number;
    readonly on_timeout: string;
  };
  readonly votes: readonly { readonly voter: string; readonly at: string; readonly note?: string | null }[];
  readonly resolution?: {
    readonly at: string;
    readonly by?: string | null;
    readonly reason?: string | null;
  } | null;
  readonly grant?: {
    readonly expires_at: string;
    readonly consumed_at?: string | null;
  } | null;
  /** With one approval only, for who may judge it; null when the audit log did not answer. */
  readonly session_decisions?: readonly unknown[] | null;
  /** There may be others that were not looked for. */
  readonly session_decisions_truncated?: boolean | null;
  /** How many others of the same identity and action there are, by status. */
  readonly history?: Readonly<Record<string, unknown>> | null;
}

/** Whether all that is read of it is there and of its type. */
export function isApprovalJson(value: unknown): value is ApprovalJson {
  if (!isObject(value)) return false;
  const { requester, rule, terms, votes, resolution, grant } = value;
  return (
    hasTexts(value, ["id", "status", "action_type", "action_name", "policy_revision"]) &&
    hasTimes(value, ["created_at", "expires_at"]) &&
    isOptional(value.session_id, isText) &&
    isObject(value.request) &&
    isObject(requester) &&
    hasTexts(requester, ["name", "key_id", "key_holder"]) &&
    isTexts(requester.roles) &&
    isOptional(requester.tenant, isText) &&
    isObject(rule) &&
    hasTexts(rule, ["id", "name", "reason"]) &&
    isTerms(terms) &&
    isList(votes, isVote) &&
    isOptional(resolution, isResolution) &&
    isOptional(grant, isGrant) &&
    isOptional(value.session_decisions, Array.isArray) &&
    isOptional(value.session_decisions_truncated, isFlag) &&
    isOptional(value.history, isObject)
  );
}

const isTerms = (value: unknown) =>
  isObject(value) &&
  isList(value.approvers, isTexts) &&
  typeof value.quorum === "number" &&
  typeof value.on_timeout === "string";

const isVote = (value: unknown) =>
  isObject(value) && hasTexts(value, ["voter"]) && hasTimes(value, ["at"]) && isOptional(value.note, isText);

const isResolution = (value: unknown) =>
  isObject(value) && hasTimes(value, ["at"]) && isOptional(value.by, isText) && isOptional(value.reason, isText);

const isGrant = (value: unknown) =>
  isObject(value) && hasTimes(value, ["expires_at"]) && isOptional(value.consumed_at, isTime);

const isFlag = (value: unknown) => typeof value === "boolean";
const isText = (value: unknown) => typeof value === "string";
const isTexts = (value: unknown) => isList(value, isText);
const isTime = (value: unknown) => typeof value === "string" && !Number.isNaN(Date.parse(value));

const isList = (value: unknown, isItem: (item: unknown) => boolean) => Array.isArray(value) && value.every(isItem);

/** What is not there may be left out or null. */
const isOptional = (value: unknown, is: (value: unknown) => boolean) =>
  value === undefined || value === null || is(value);

const hasTexts = (value: Record<string, unknown>, names: readonly string[]) =>
  names.every((name) => isText(value[name]));
const hasTimes = (value: Record<string, unknown>, names: readonly string[]) =>
  names.every((name) => isTime(value[name]));
