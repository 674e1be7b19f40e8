export const TEST_HELP = `
Fixtures are \`*.test.yaml\` files beside the rules (docs/fixtures.md): requests and what must come out. The summary says how much
of the rules they show: rules that matched, did not match and decided, and which way each part of a condition went.

Examples:
  $ verdict test                               the fixtures of the rules
  $ verdict test policies --filter refund      the cases about refunds
  $ verdict test policies --coverage           and what no case shows
  $ verdict test policies --min-coverage 95 --format junit > report.xml
  $ verdict test policies --watch

Exit codes:
  0  every case holds, and the coverage is enough
  1  a case does not hold
  2  nothing ran: the command line is wrong, or rules or fixtures have errors
  7  every case holds, but the coverage is below --min-coverage`;
