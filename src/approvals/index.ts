export { approvalDigest } from "./approval-digest.ts";
export type { ApprovalNews } from "./approval-news.ts";
export type { ApprovalNotice, ApprovalNotifier } from "./approval-notifier.ts";
export type * from "./approval-store.ts";
export { combineTerms } from "./combine-terms.ts";
export { forgettableFrom } from "./forgettable-from.ts";
export { isRequester } from "./is-requester.ts";
export { OMITTED_VIEW, VIEW_KEPT_MAX } from "./kept-view.ts";
export { mayResolve, type Permission } from "./may-resolve.ts";
export { personOf } from "./person-of.ts";
export { CANCELLED_PLACE_MS, placeUntil } from "./place-until.ts";
export { ruleDigest } from "./rule-digest.ts";
export {
  cancelApproval,
  consumeGrant,
  denyApproval,
  expireApproval,
  openApproval,
  voteApproval,
} from "./state-machine.ts";
export * from "./types.ts";
export { behindStep, claimableFrom, claimUntold, markTold } from "./untold.ts";
