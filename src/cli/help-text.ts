/** What stands below the options in each command's `--help`. */
export const EXIT_CODES_TEXT = `
Exit codes:
  0  it worked
  1  it was tried and failed: rules with errors, a request that is not valid, a service that refused
  2  the command line is wrong, so nothing was tried`;

export const PROGRAM_HELP = `
Examples:
  $ verdict serve                          run the service on 127.0.0.1:8181
  $ verdict rules check rules              all problems of the rules, with file, line and column
  $ verdict lint rules                     what is suspicious about them
  $ verdict test rules                     do the rules decide as their fixtures say
  $ verdict eval request.json              what would be decided, without a service
  $ verdict diff rules-of-main rules       what a rule change does, with requests that show it
  $ verdict replay ./policies              which recorded decisions other rules would change
  $ verdict keys list                      the API keys
  $ verdict approvals watch                what agents ask people for
  $ verdict hook claude-code               decide before a tool of Claude Code runs
${EXIT_CODES_TEXT}
  3  eval --exit-code: deny
  4  eval --exit-code: approval_required
  5  approvals approve, deny and cancel: it is not pending any more, or has this person's vote already
  6  replay --fail-on and diff --exit-code: decisions differ`;

export const SERVE_HELP = `
It is configured by environment variables (docs/configuration.md), stops on Ctrl-C and SIGTERM after answering open
requests, and reloads the rules on SIGHUP and whenever a rule file changes.

Examples:
  $ verdict serve
  $ VERDICT_RULES_DIR=./policies VERDICT_LISTEN=127.0.0.1:9000 verdict serve

Exit codes:
  0  it was stopped
  1  it could not start; stderr says why
  2  the command line is wrong
  other codes, and the end by a signal: it failed, or was stopped a second time`;

export const RULES_CHECK_HELP = `
Every problem is printed as file:line:column: error: message [code]. A set of rules with any error is never activated.

Examples:
  $ verdict rules check                    the default rules
  $ verdict rules check ./policies         another directory
  $ verdict rules check --strict rules     fail on warnings too, as in CI
  $ verdict rules check --format json rules | jq -r '.diagnostics[].message'
${EXIT_CODES_TEXT}`;

export const EVAL_HELP = `
The answer is that of a service with these rules; no service is asked and nothing is recorded. On a terminal it is a
summary, elsewhere the JSON of POST /v1/policy/evaluate. Without an identity the request comes from \`local\`, without roles.

Examples:
  $ echo '{"action_type":"tool_call","action_name":"stripe.refund","arguments":{"amount":20}}' | verdict eval
  $ verdict eval request.json --rules ./policies --explain
  $ verdict eval request.json --identity mia --role finance-lead --now 2027-01-31T09:00:00Z
  $ verdict eval request.json --exit-code && ./do-it
${EXIT_CODES_TEXT}
  3  with --exit-code: deny
  4  with --exit-code: approval_required`;

export const KEYS_TARGET_TEXT = `
With a key (VERDICT_API_KEY or --key) the keys are those of the service at VERDICT_URL or --url, by default
http://127.0.0.1:8181. Without one they are those in the store that DATABASE_URL or VERDICT_DATA_DIR points to.`;

export const KEYS_CREATE_HELP = `
The key is printed once, alone on stdout, and stored nowhere. Give --role and the like again for more than one.
${KEYS_TARGET_TEXT}

Examples:
  $ verdict keys create --name support-agent --role agent --identity-role support --expires 90d
  $ verdict keys create --name pipeline --role ci --expires 2027-01-31T00:00:00Z
  $ AGENT_KEY=$(verdict keys create --name nightly --scope evaluate)
${EXIT_CODES_TEXT}`;

export const KEYS_LIST_HELP = `
${KEYS_TARGET_TEXT.trim()}

Examples:
  $ verdict keys list
  $ verdict keys list --json | jq -r '.items[] | select(.revoked_at == null) | .id'
${EXIT_CODES_TEXT}`;

export const KEYS_REVOKE_HELP = `
The key stops working at once; on other replicas as soon as they hear of it. Revoking it again changes nothing.
${KEYS_TARGET_TEXT}

Examples:
  $ verdict keys revoke 01890b6e-7c00-7000-8000-000000000000
${EXIT_CODES_TEXT}`;
