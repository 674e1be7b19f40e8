import { EXIT_CODES_TEXT } from "../help-text.ts";

const TARGET_TEXT = `
The approvals are those of the service at VERDICT_URL or --url, by default http://127.0.0.1:8181, as the holder of
VERDICT_API_KEY or --key may see and answer them: nobody answers what they asked for. Without a key they are those of the
service that runs on VERDICT_DATA_DIR, with its admin key.`;

export const APPROVALS_LIST_HELP = `
Newest first. Times are told from now; --json has them exactly.
${TARGET_TEXT}

Examples:
  $ verdict approvals list
  $ verdict approvals list --status all --identity support-agent
  $ verdict approvals list --json | jq -r '.items[].id'
${EXIT_CODES_TEXT}`;

export const APPROVALS_SHOW_HELP = `
What somebody needs to judge it: the exact arguments, who asks, the rule and its reason, who may answer, the votes, how the
same was answered before, and the last decisions of the session.
${TARGET_TEXT}

Examples:
  $ verdict approvals show 01890b6e-7c00-7000-8000-000000000000
${EXIT_CODES_TEXT}`;

const ANSWER_CODES_TEXT = `${EXIT_CODES_TEXT}
  5  it is not pending any more, or has this person's vote already`;

export const APPROVALS_APPROVE_HELP = `
Gives one vote. When no more are needed the agent may do exactly this action, once.
${TARGET_TEXT}

Examples:
  $ verdict approvals approve 01890b6e-7c00-7000-8000-000000000000 --note "checked with the customer"
${ANSWER_CODES_TEXT}`;

export const APPROVALS_DENY_HELP = `
The agent is told the reason.
${TARGET_TEXT}

Examples:
  $ verdict approvals deny 01890b6e-7c00-7000-8000-000000000000 --reason "the invoice was paid already"
${ANSWER_CODES_TEXT}`;

export const APPROVALS_CANCEL_HELP = `
For who asked, with the key that asked or another of the same identity: the action is not needed any more.
${TARGET_TEXT}

Examples:
  $ verdict approvals cancel 01890b6e-7c00-7000-8000-000000000000
${ANSWER_CODES_TEXT}`;

export const APPROVALS_WATCH_HELP = `
On a terminal a table that is kept up to date; elsewhere, and with --json, a line for each approval that is pending and for
each change. A connection that is lost is made again. Ctrl-C ends it, with exit code 0.
${TARGET_TEXT}

Examples:
  $ verdict approvals watch
  $ verdict approvals watch --json | jq -r 'select(.status == "pending") | .id'
${EXIT_CODES_TEXT}`;
