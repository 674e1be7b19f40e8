import type { Approval } from "./types.ts";

/** Characters of a view that is kept, whoever ended it. */
export const VIEW_KEPT_MAX = 4096;

/** Stands for one that is not. The audit record of the decision has what was asked. */
export const OMITTED_VIEW = JSON.stringify({ omitted: true });

/**
 * The view of an approval that leaves `pending`: what people answered stays as they saw it.
 *
 * SECURITY: what ends without one of them is as much as an agent likes to ask, and is kept for months. A grant by timeout
 * does not need it: it is bound by the digest.
 */
export function keptView({ view }: Approval, status: Approval["status"]): string {
  const isAnswered = status === "approved" || status === "denied";
  return isAnswered || view.length <= VIEW_KEPT_MAX ? view : OMITTED_VIEW;
}
