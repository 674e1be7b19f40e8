export { approvalDigest } from "./approval-digest.ts";
export type { ApprovalNews } from "./approval-news.ts";
export type * from "./approval-store.ts";
export { isForRule } from "./is-for-rule.ts";
export { mayResolve, type Permission } from "./may-resolve.ts";
export {
  cancelApproval,
  consumeGrant,
  denyApproval,
  expireApproval,
  openApproval,
  voteApproval,
} from "./state-machine.ts";
export * from "./types.ts";
