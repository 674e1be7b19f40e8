import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { analyzeShell } from "../../src/shell/index.ts";
import { shellText, shellWord } from "../shell-texts.ts";

const RUNS = 1000;

/** Every way to write a word that leaves its value as it is. */
const QUOTES: readonly ((word: string) => string)[] = [
  (word) => `'${word}'`,
  (word) => `"${word}"`,
  (word) => `$'${word}'`,
  (word) => `${word.slice(0, 1)}''${word.slice(1)}`,
  (word) => `""${word}`,
  (word) => `${word.slice(0, 1)}"${word.slice(1)}"`,
  (word) => `\\${word}`,
  (word) => [...word].map((letter) => `\\${letter}`).join(""),
  (word) => `$'${[...word].map((letter) => `\\x${letter.charCodeAt(0).toString(16)}`).join("")}'`,
  (word) => `${word.slice(0, 1)}\\\n${word.slice(1)}`,
];

/** Every way to have another program run a command. */
const WRAPPERS: readonly ((command: string) => string)[] = [
  (command) => `sudo ${command}`,
  (command) => `env -i A=1 ${command}`,
  (command) => `nice -n 3 ${command}`,
  (command) => `timeout -k 1 5 ${command}`,
  (command) => `nohup ${command} &`,
  (command) => `command ${command}`,
  (command) => `exec ${command}`,
  (command) => `find . -exec ${command} \\;`,
  (command) => `xargs -n 1 ${command}`,
  (command) => `ssh -p 1 h ${command}`,
  (command) => `watch ${command}`,
  (command) => `docker exec -it c ${command}`,
  (command) => `kubectl exec p -- ${command}`,
  (command) => `sh -c '${command}'`,
  (command) => `bash -euo pipefail -c '${command}'`,
  (command) => `eval '${command}'`,
  (command) => `su -c '${command}' u`,
  (command) => `sh <<'E'\n${command}\nE`,
  (command) => `echo '${command}' | sh`,
  (command) => `trap '${command}' EXIT`,
  (command) => `x=$(${command})`,
  (command) => `echo "$(${command})"`,
  (command) => `echo \`${command}\``,
  (command) => `cat <(${command})`,
  (command) => `a | ${command}`,
  (command) => `a || ${command}`,
  (command) => `a; ${command}`,
  (command) => `(${command})`,
  (command) => `{ ${command}; }`,
  (command) => `if a; then ${command}; fi`,
  (command) => `while a; do ${command}; done`,
  (command) => `for x in a; do ${command}; done`,
  (command) => `case a in a) ${command};; esac`,
  (command) => `f() { ${command}; }`,
  (command) => `! ${command}`,
  (command) => `time ${command}`,
  (command) => `echo \${x:-$(${command})}`,
  (command) => `echo $(( $(${command}) ))`,
  (command) => `[[ -n $(${command}) ]]`,
];

/** Those of them that can stand in each other without quotes. */
const WORD_WRAPPERS = WRAPPERS.filter((wrap) => /^[a-z]+ [^'"`;&|$(){}]*x$/.test(wrap("x")));

describe("a shell command", () => {
  it("of any text at all is analysed without throwing, and what is not ok is never static", () => {
    fc.assert(
      fc.property(fc.oneof(shellText, fc.string({ unit: "binary" })), (text) => {
        const { ok, error, dynamic, has_unknown_program } = analyzeShell(text);
        expect(ok).toBe(error === "");
        expect(dynamic).toBe(dynamic || !ok);
        expect(has_unknown_program && !dynamic).toBe(false);
      }),
      { numRuns: RUNS * 3 },
    );
  });

  it("is the same value each time, of plain data", () => {
    fc.assert(
      fc.property(shellText, (text) => {
        const first = analyzeShell(text);
        expect(JSON.stringify(analyzeShell(text))).toBe(JSON.stringify(first));
        expect(JSON.parse(JSON.stringify(first))).toMatchObject({ ok: first.ok, programs: first.programs });
      }),
      { numRuns: RUNS },
    );
  });

  it("means the same however its words are quoted", () => {
    const quoted = fc.tuple(shellWord, fc.constantFrom(...QUOTES));
    fc.assert(
      fc.property(fc.array(quoted, { minLength: 1, maxLength: 5 }), (words) => {
        const plain = analyzeShell(words.map(([word]) => word).join(" "));
        expect(analyzeShell(words.map(([word, quote]) => quote(word)).join(" "))).toEqual(plain);
      }),
      { numRuns: RUNS },
    );
  });

  it("means the same with its words in variables", () => {
    fc.assert(
      fc.property(fc.array(shellWord, { minLength: 1, maxLength: 5 }), (words) => {
        const assignments = words.map((word, index) => `V${index}=${word}`).join("; ");
        const { assignments: _, ...plain } = analyzeShell(words.join(" "));
        expect(analyzeShell(`${assignments}; ${words.map((_, index) => `$V${index}`).join(" ")}`)).toMatchObject(plain);
      }),
      { numRuns: RUNS },
    );
  });

  it("is found in whatever runs it, and in what runs that", () => {
    const chain = fc.array(fc.constantFrom(...WORD_WRAPPERS), { maxLength: 4 });
    fc.assert(
      fc.property(fc.constantFrom(...WRAPPERS), chain, fc.array(shellWord, { maxLength: 3 }), (outer, inner, words) => {
        const command = inner.reduce((wrapped, wrap) => wrap(wrapped), ["needle", ...words].join(" "));
        const { error, programs } = analyzeShell(outer(command));
        expect(error).toBe("");
        expect(programs).toContain("needle");
      }),
      { numRuns: RUNS * 2 },
    );
  });

  it("is not hidden by what stands beside it", () => {
    fc.assert(
      fc.property(shellText, shellText, (before, after) => {
        const [first, last] = [analyzeShell(before), analyzeShell(after)];
        const both = analyzeShell(`${before}\nneedle\n${after}`);
        fc.pre(first.ok && last.ok && both.ok && !/<<|\\$|#/.test(before));
        expect(both.programs).toEqual(expect.arrayContaining(["needle"]));
      }),
      { numRuns: RUNS },
    );
  });
});
