import { createHash } from "node:crypto";
import {
  type Approval,
  type ApprovalQuery,
  claimableFrom,
  forgettableFrom,
  type NewApproval,
  placeUntil,
} from "../../approvals/index.ts";
import { actionKey, requesterKey } from "../postgres/approval-rows.ts";

/*
 * The index is one sorted set in which all scores are equal, so that Redis keeps its members in byte order. A member says
 * what an approval is found by, and ends with its id. Times in it have a fixed width, texts are digests: whatever they hold,
 * none is taken for another one's beginning.
 */

/** What entries begin with. */
export const entryPrefix = {
  /** All that are pending, by when they expire. */
  due: "due:",
  /** All that are resolved, by when they may be forgotten. */
  forgettable: "forgettable:",
  /** All that have steps to be told, by when these may be claimed. */
  untold: "untold:",
  /** The one that is pending for an action. */
  digest: (digest: string) => `digest:${keyOf(digest)}:`,
  /** Those of a requester that are pending, by when they expire. */
  requester: (approval: NewApproval) => `requester:${requesterKey(approval)}:`,
  /** Those of a requester that were taken back, by until when they keep their place. */
  place: (approval: NewApproval) => `place:${requesterKey(approval)}:`,
  /** Those of a requester that are pending for the same kind of action, by when they expire. */
  repeat: (approval: NewApproval) => `repeat:${actionKey(approval)}:`,
  /** Behind a status and a colon: all of a requester for the same kind of action. */
  action: (approval: NewApproval) => `action:${actionKey(approval)}:`,
};

/** What stands behind a status and a colon in the entries that `list` goes along. */
const listPrefix = {
  all: "all:",
  identity: (name: string) => `identity:${keyOf(name)}:`,
  tenant: (tenant: string) => `tenant:${keyOf(tenant)}:`,
  rule: (id: string) => `rule:${keyOf(id)}:`,
};

/** Sorts like the number; for times that are not before 1970. */
export const instantKey = (epochMs: number): string => String(Math.floor(epochMs)).padStart(16, "0");

/** All entries of an approval as it is. */
export function indexEntries(approval: Approval): ReadonlySet<string> {
  const { id, status } = approval;
  const { name, tenant } = approval.requester.identity;
  const lists = [
    listPrefix.all,
    listPrefix.identity(name),
    ...(tenant === undefined ? [] : [listPrefix.tenant(tenant)]),
    listPrefix.rule(approval.rule.id),
    entryPrefix.action(approval),
  ];
  const claimable = claimableFrom(approval);
  const untold = claimable === undefined ? [] : [`${entryPrefix.untold}${instantKey(claimable)}:`];
  const entries = [...lists.map((list) => `${status}:${list}`), ...timeEntries(approval), ...untold];
  return new Set(entries.map((entry) => entry + id));
}

function timeEntries(approval: Approval): string[] {
  const [forgettable, until] = [forgettableFrom(approval), placeUntil(approval)];
  if (forgettable !== undefined) {
    const place = until === undefined ? [] : [`${entryPrefix.place(approval)}${instantKey(until)}:`];
    return [...place, `${entryPrefix.forgettable}${instantKey(forgettable)}:`];
  }
  const expiry = `${instantKey(approval.expiresAt)}:`;
  const { due, requester, repeat, digest } = entryPrefix;
  return [due + expiry, requester(approval) + expiry, repeat(approval) + expiry, digest(approval.digest)];
}

/** The lists that an approval has to be on to be found, at least one. */
export function listsOf({ identity, tenant, ruleId }: ApprovalQuery): readonly string[] {
  const lists = [
    ...(identity === undefined ? [] : [listPrefix.identity(identity)]),
    ...(tenant === undefined ? [] : [listPrefix.tenant(tenant)]),
    ...(ruleId === undefined ? [] : [listPrefix.rule(ruleId)]),
  ];
  return lists.length === 0 ? [listPrefix.all] : lists;
}

/** JSON escapes lone surrogates, so different texts stay different in UTF-8. */
const keyOf = (text: string) => createHash("sha256").update(JSON.stringify(text)).digest("base64url");
