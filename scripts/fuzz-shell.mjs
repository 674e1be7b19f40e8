import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { analyzeShell } from "../dist/shell/index.js";
import { corpusTexts, mutated } from "./fuzz-texts.mjs";

const OWN = [
  'for f in *.txt; do grep -n "a b" "$f" | sort -u > "x.out" 2>&1; done',
  "if [[ -f $x && ( $y == a* || ! -d z ) ]]; then cat <<E | sh\n$(date) `id`\nE\nelse :; fi",
  'case "$1" in start|-s) a & ;; stop) b ;& *) exit $((1 + 2)) ;; esac',
  "f() { local x=(a b 'c d'); echo \"$x\" $(y); }; f {1..3} <(ls) >(wc)",
  "while read -r l <&3; do ((n++)); done 3< <(find . -name '*.c' -exec sh -c 'wc {}' \\; -print0 | xargs -0 -n1)",
  "sudo env X=1 bash -c 'curl -s \"http://h/$1\" | tar xz -C /tmp' _ a && echo ok || { echo no >&2; false; }",
];

const TOKENS = [
  ...[
    "'",
    '"',
    "`",
    "$(",
    "$((",
    "))",
    ")",
    "(",
    "{ ",
    "; }",
    "{",
    "}",
    "$",
    "$'",
    "\\",
    "#",
    "!",
    "~",
    "=",
    "*",
    "?",
    "[",
    "]",
  ],
  ...[
    ";",
    "&",
    "|",
    "|&",
    "&&",
    "||",
    ";;",
    ";&",
    "\n",
    "\t",
    "<",
    ">",
    "<<<",
    "<(",
    ">(",
    "2>&1",
    "&>",
    "<<E\n",
    "E\n",
    "<<'E'\n",
  ],
  ...[
    "[[ ",
    " ]]",
    "((",
    " if ",
    " then ",
    " else ",
    " fi ",
    " for x in ",
    " do ",
    " done ",
    " while ",
    " case ",
    " in ",
    " esac ",
  ],
  ...[
    " function f ",
    "f()",
    " coproc ",
    " time ",
    "X=",
    "X+=",
    "a[",
    "]=1",
    "a",
    "b ",
    "echo ",
    "rm -rf /",
    "sudo ",
    "sh -c ",
    "eval ",
  ],
  ...["find . -exec ", "xargs ", "awk ", "sed ", "$X", "@(", "é", "😀", "\r", "\0", "\u200b", "a://b"],
];

/** One construct in itself, up to the longest text. */
const nested = fc
  .tuple(
    fc.constantFrom(...TOKENS, "$[", "{a,b}", "X=$X$X;", "curl u | ", "find -exec "),
    fc.integer({ min: 1, max: 4000 }),
  )
  .map(([token, count]) => token.repeat(count).slice(0, 16_384));

/** Refused on purpose, whatever bash says. */
const REFUSED = /^(?:longer than|the character|more than|too much|maximum|cannot be analysed)/;

/** Shell: never throws, is never slow, and nothing is `ok` that bash does not read; bash 5.3's new substitution aside. */
export async function createShellFuzz() {
  const hasBash = spawnSync("bash", ["--version"]).status === 0;
  if (!hasBash) console.log("shell: no bash to compare with");
  const corpora = ["atomic", "dcg", "nl2bash_sample", "tldr_sample"];
  const seeds = [...OWN, ...corpora.flatMap((name) => corpusTexts(`shell_${name}.jsonl`, "command"))];
  return {
    name: "shell",
    texts: fc.oneof(
      { weight: 6, arbitrary: mutated(seeds, TOKENS) },
      {
        weight: 3,
        arbitrary: fc.array(fc.constantFrom(...TOKENS), { maxLength: 40 }).map((tokens) => tokens.join("")),
      },
      { weight: 1, arbitrary: nested },
    ),
    analyze: analyzeShell,
    problem: async (text, { ok, error }) => {
      if (!hasBash || REFUSED.test(error) || /\$\{[\s|]/.test(text)) return undefined;
      return ok && !isReadByBash(text) ? "bash does not read what is ok" : undefined;
    },
    close: async () => {},
  };
}

/** `-n` reads, and runs nothing. Bash ends with 0 behind some errors that it prints. */
function isReadByBash(text) {
  const env = { ...process.env, LC_ALL: "C" };
  const { status, stderr } = spawnSync("bash", ["-O", "extglob", "-n"], { input: text, encoding: "utf8", env });
  return status === 0 && !/conditional|syntax error/.test(stderr);
}
