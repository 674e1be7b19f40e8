export const LINT_HELP = `
All that \`verdict rules check\` says, and what only shows when rules are read together, as they are written, and with their
fixtures: rules that never decide, comparisons that are never true, parts of a request that may be absent (docs/lint.md). Where
one is meant, a comment above the rule says so: # verdict-lint-ignore <id>: <reason>

Examples:
  $ verdict lint                               the rules in ./rules
  $ verdict lint policies --max-warnings 0     fail on warnings too, as in CI
  $ verdict lint policies --fix                mend what can be mended
  $ verdict lint --format json policies | jq -r '.findings[] | "\\(.file):\\(.line) \\(.id)"'

Exit codes:
  0  no error, and no more warnings than --max-warnings allows
  1  errors, more warnings than that, or files that cannot be read or written
  2  the command line is wrong, so nothing was tried`;
