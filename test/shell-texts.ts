import fc from "fast-check";

/** A word without a character that a shell would read in any way but as itself; no option. */
export const shellWord = fc.stringMatching(/^[a-z_][a-z0-9_./-]{0,8}$/).filter((word) => !RESERVED.has(word));

const RESERVED: ReadonlySet<string> = new Set(
  "if then elif else fi for in do done while until case esac select function time coproc echo printf cat tee eval exec".split(
    " ",
  ),
);

/** What a text of shell is made of. */
const TOKENS: readonly string[] = [
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
    "${",
    "$",
    "$'",
    '$"',
    "\\",
    "#",
    "!",
    "~",
    "=",
    "*",
    "?",
    "[",
  ],
  ...[
    "]",
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
    " ",
    "<",
    ">",
    ">>",
    "<<<",
    "<(",
    ">(",
    "2>&1",
    "&>",
    "<>",
    ">|",
  ],
  ...[
    "<<E\n",
    "E\n",
    "<<'E'\n",
    "<<-E\n",
    "[[ ",
    " ]]",
    "((",
    " if ",
    " then ",
    " elif ",
    " else ",
    " fi ",
    " for x in ",
    " do ",
    " done ",
  ],
  ...[
    " while ",
    " until ",
    " case ",
    " in ",
    " esac ",
    " select ",
    " function f ",
    "f()",
    " coproc ",
    " time ",
    "X=",
    "X+=",
    "a[",
    "]=1",
  ],
  ...[
    "a",
    "b ",
    "echo ",
    "ls -l ",
    "rm -rf /",
    "sudo ",
    "sh -c ",
    "eval ",
    "1",
    "-eq ",
    "=~ ",
    ",",
    "..",
    "%",
    ":-",
    "/",
    "@(",
    "é",
    "😀",
  ],
];

const SEEDS: readonly string[] = [
  `for f in *.txt; do grep -n "a b" "$f" | sort -u > "\${f%.txt}.out" 2>&1; done`,
  "if [[ -f $x && ( $y == a* || ! -d z ) ]]; then cat <<E | sh\n$(date) `id`\nE\nelse :; fi",
  `case "$1" in start|-s) a & ;; stop) b ;& *) exit $((1 + \${#x[@]})) ;; esac`,
  `f() { local x=(a b 'c d'); echo "\${x[@]:1:2}" \${y:-$(z)} \${v//a/b}; }; f {1..3} <(ls) >(wc)`,
  "while read -r l <&3; do ((n++)); done 3< <(find . -name '*.c' -exec sh -c 'wc {}' \\; -print0 | xargs -0 -n1)",
  "sudo env X=1 bash -c 'curl -s \"http://h/$1\" | tar xz -C /tmp' _ a && echo ok || { echo no >&2; false; }",
];

/** Texts that are nearly valid, and texts that are anything. */
export const shellText: fc.Arbitrary<string> = fc.oneof(
  fc.array(fc.constantFrom(...TOKENS), { maxLength: 16 }).map((tokens) => tokens.join("")),
  fc
    .tuple(
      fc.constantFrom(...SEEDS),
      fc.array(fc.tuple(fc.nat(), fc.nat(8), fc.constantFrom("", "", ...TOKENS)), { maxLength: 3 }),
    )
    .map(([seed, edits]) => edits.reduce(edited, seed)),
);

function edited(text: string, [at, length, token]: readonly [number, number, string]): string {
  const start = at % (text.length + 1);
  return text.slice(0, start) + token + text.slice(start + length);
}
