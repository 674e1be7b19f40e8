import { EXIT_CODES_TEXT } from "../help-text.ts";

export const REPLAY_HELP = `
Decides recorded decisions again with the rules in a directory and tells which would come out otherwise. Nothing is recorded. A
decision that depends on what was redacted is counted as undecidable, never guessed. --fail-on takes transitions such as
allow-to-deny, or any (another decision), rules (the same decision by other rules), undecidable; several with commas.

With --export the records are those of a file. Without it they are those of a service: with a key (VERDICT_API_KEY or --key) of
the one at VERDICT_URL or --url, by default http://127.0.0.1:8181; without one of the log in DATABASE_URL or VERDICT_DATA_DIR.

Examples:
  $ verdict replay --from 2026-01-01T00:00:00Z              the default rules over the log of a service
  $ verdict replay ./policies --export export.ndjson        offline; verify the file with \`verdict audit verify\`
  $ verdict replay ./policies --export export.ndjson --fail-on allow-to-deny,deny-to-allow
  $ verdict replay --export export.ndjson --action-name stripe.refund --format json | jq .by_rule.groups
${EXIT_CODES_TEXT}
  1  also: a line is no record; with --fail-on, the end of the export is missing
  6  --fail-on: there is what it names`;
