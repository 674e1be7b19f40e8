export const HOOK_CLAUDE_CODE_HELP = `
Reads the JSON of a PreToolUse hook on stdin and writes the decision to stdout. Whatever goes wrong blocks the tool. In
.claude/settings.json, with a timeout that is longer than --timeout and --wait together:

  {"hooks": {"PreToolUse": [{"matcher": "*", "hooks": [
    {"type": "command", "command": "verdict hook claude-code || exit 2", "timeout": 60}]}]}}

Examples:
  $ verdict hook claude-code --timeout 5
  $ verdict hook claude-code --wait 300        people answer in Verdict, not at the terminal
  $ verdict hook claude-code --on-allow defer  what Verdict allows is asked about as without it

Exit codes:
  0  there is a decision, and stdout has it
  2  there is none: the tool is blocked, and stderr says why`;
