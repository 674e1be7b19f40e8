import { EXIT_CODES_TEXT } from "../help-text.ts";

export const DIFF_HELP = `
Rules are compared by what they mean: order, comments and formatting do not count. For each one that is not the same, requests are
made from the constants of both versions, and from the fixtures beside the rules, until both sets decide one differently. It is
shown as a fixture that holds for the new rules. What is found is certain; what is not found may be there all the same.

Examples:
  $ verdict diff rules-of-main rules              what a branch changes, with a request for each change
  $ verdict diff rules-of-main rules --exit-code  exit 6 when a decision changes, as in CI
  $ verdict diff old new --format yaml > new/change.test.yaml
  $ verdict diff old new --budget 200000          look for longer
${EXIT_CODES_TEXT}
  6  with --exit-code: there is a request with another decision`;
