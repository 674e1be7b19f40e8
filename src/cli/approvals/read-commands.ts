import type { CliDeps } from "../deps.ts";
import { EXIT } from "../exit-codes.ts";
import { createPaint } from "../paint.ts";
import { printableJson } from "../printable.ts";
import { formatApproval } from "./detail-text.ts";
import { assertApprovalId } from "./id.ts";
import { type ApprovalsOptions, withApprovalInbox } from "./target.ts";
import { formatApprovals } from "./text.ts";

export interface ApprovalsListOptions extends ApprovalsOptions {
  /** One of `APPROVAL_STATUSES`, or `all`. */
  readonly status: string;
  readonly identity?: string;
  readonly rule?: string;
  readonly limit: number;
}

export async function runApprovalsList(deps: CliDeps, options: ApprovalsListOptions): Promise<number> {
  const { status, identity, rule, limit, json } = options;
  const selection = {
    ...(status === "all" ? undefined : { status }),
    ...(identity === undefined ? undefined : { identity }),
    ...(rule === undefined ? undefined : { rule_id: rule }),
  };
  const page = await withApprovalInbox(deps, options, (inbox) => inbox.list(selection, limit));
  if (json === true) {
    deps.stdout(printableJson(page, deps.isInteractive));
    return EXIT.ok;
  }
  const paint = createPaint(deps.env, deps.isInteractive);
  deps.stdout(formatApprovals(page.items, { now: deps.now(), paint, hasStatus: status !== "pending" }));
  if (page.next_cursor !== null) deps.stderr(`There are more than these ${limit}; --limit shows them.\n`);
  return EXIT.ok;
}

export async function runApprovalsShow(deps: CliDeps, id: string, options: ApprovalsOptions): Promise<number> {
  assertApprovalId(id);
  const approval = await withApprovalInbox(deps, options, (inbox) => inbox.get(id));
  const paint = createPaint(deps.env, deps.isInteractive);
  deps.stdout(
    options.json === true ? printableJson(approval, deps.isInteractive) : formatApproval(approval, deps.now(), paint),
  );
  return EXIT.ok;
}
