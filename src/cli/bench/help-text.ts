import { EXIT_CODES_TEXT } from "../help-text.ts";

export const BENCH_HELP = `
The requests are decided in turn, by the rules alone: without HTTP, keys and the log. Then each rule is timed by itself. The
first rule that asks for a parsed command or statement pays for the parsing; the others find it done. The fewer requests there
are, the more the processor has learnt of them: give as many different ones as your agents send.

Examples:
  $ verdict bench                                 the shipped rules, on their fixtures
  $ verdict bench requests.ndjson --rules rules   your rules, on your requests
  $ verdict bench --rules rules --format json > before.json
  $ verdict bench --rules rules --compare before.json
${EXIT_CODES_TEXT}`;
