import type { BaseCommand } from "./base-commands.ts";

/** Another way to write a command; undefined where there is none. */
export interface Disguise {
  readonly name: string;
  readonly apply: (base: BaseCommand) => string | undefined;
}

const join = (words: readonly string[], { behind }: BaseCommand) =>
  [...words, ...(behind === undefined ? [] : [behind])].join(" ");
const textOf = (base: BaseCommand) => join(base.words, base);

/** Between single quotes. */
const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
const hex = (text: string) => [...text].map((c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`).join("");
const octal = (text: string) => [...text].map((c) => `\\${c.charCodeAt(0).toString(8).padStart(3, "0")}`).join("");
const base64 = (text: string) => Buffer.from(text).toString("base64");

/** The first word written in another way. */
const program = (name: string, write: (program: string) => string): Disguise => ({
  name: `program ${name}`,
  apply: (base) => join([write(base.words[0]!), ...base.words.slice(1)], base),
});

/** Every word but the first written in another way. */
const operands = (name: string, write: (word: string) => string): Disguise => ({
  name: `words ${name}`,
  apply: (base) => join([base.words[0]!, ...base.words.slice(1).map(write)], base),
});

const before = (prefix: string): Disguise => ({
  name: `behind ${prefix.trim()}`,
  apply: (base) => `${prefix}${textOf(base)}`,
});

/** The whole text somewhere else. */
const around = (name: string, wrap: (text: string) => string): Disguise => ({
  name,
  apply: (base) => wrap(textOf(base)),
});

const QUOTING: readonly Disguise[] = [
  program("in single quotes", quoted),
  program("in double quotes", (p) => `"${p}"`),
  program("with a backslash before", (p) => `\\${p}`),
  program("with a backslash in the middle", (p) => `${p[0]}\\${p.slice(1)}`),
  program("with empty quotes inside", (p) => `${p[0]}''${p.slice(1)}`),
  program("half quoted", (p) => `"${p[0]}"${p.slice(1)}`),
  program("in hexadecimal", (p) => `$'${hex(p)}'`),
  program("in octal", (p) => `$'${octal(p)}'`),
  program("on two lines", (p) => `${p[0]}\\\n${p.slice(1)}`),
  program("by its path", (p) => `/bin/${p}`),
  program("by a long path", (p) => `/usr//bin/../bin/./${p}`),
  operands("in single quotes", quoted),
  operands("in double quotes", (w) => `"${w}"`),
  operands("with empty quotes inside", (w) => `${w[0]}""${w.slice(1)}`),
  operands("in hexadecimal", (w) => `$'${hex(w)}'`),
  operands("with backslashes", (w) => w.replace(/[a-z]/, "\\$&")),
  { name: "words on lines of their own", apply: (base) => join([base.words.join(" \\\n  ")], base) },
  { name: "words far apart", apply: (base) => `  ${join([base.words.join(" \t ")], base)}  ` },
];

const VARIABLES: readonly Disguise[] = [
  { name: "program from a variable", apply: (b) => `X=${b.words[0]}; ${join(["$X", ...b.words.slice(1)], b)}` },
  {
    name: "program from halves",
    apply: (b) => `A=${b.words[0]![0]} B=${b.words[0]!.slice(1)}; ${join(["$A$B", ...b.words.slice(1)], b)}`,
  },
  { name: "program as a default", apply: (b) => join([`\${nothing:-${b.words[0]}}`, ...b.words.slice(1)], b) },
  { name: "all words from a variable", apply: (b) => `X=${quoted(b.words.join(" "))}; ${join(["$X"], b)}` },
  {
    name: "last word from a variable",
    apply: (b) => `X=${quoted(b.words.at(-1)!)}; ${join([...b.words.slice(0, -1), '"$X"'], b)}`,
  },
  { name: "exported", apply: (b) => `export X=${b.words[0]} && ${join(['"$X"', ...b.words.slice(1)], b)}` },
  { name: "words apart by IFS", apply: (b) => join([b.words.join(`$\{IFS}`)], b) },
  {
    name: "words from braces",
    apply: (b) => (b.words.some((w) => /[,{}~]/.test(w)) ? undefined : join([`{${b.words.join(",")}}`], b)),
  },
  { name: "an array", apply: (b) => `X=(${b.words.map(quoted).join(" ")}); ${join([`"\${X[@]}"`], b)}` },
  { name: "positional words", apply: (b) => `set -- ${b.words.map(quoted).join(" ")}; ${join([`"$@"`], b)}` },
];

const SUBSTITUTIONS: readonly Disguise[] = [
  program("of a substitution", (p) => `$(echo ${p})`),
  program("of backticks", (p) => `\`echo ${p}\``),
  program("of printf", (p) => `"$(printf %s ${p})"`),
  around("in a substitution", (t) => `echo $(${t})`),
  around("in backticks", (t) => `echo \`${t}\``),
  around("in a quoted substitution", (t) => `echo "done: $(${t})"`),
  around("in an assignment", (t) => `X=$(${t})`),
  around("in a process substitution", (t) => `cat <(${t})`),
  around("in arithmetic", (t) => `echo $(( $(${t}) + 1 ))`),
  around("in a here-document", (t) => `cat <<EOF\n$(${t})\nEOF`),
];

const STRUCTURE: readonly Disguise[] = [
  around("behind a semicolon", (t) => `git status; ${t}`),
  around("behind and", (t) => `ls && ${t}`),
  around("behind or", (t) => `false || ${t}`),
  around("behind a pipe", (t) => `ls | ${t}`),
  around("on a second line", (t) => `ls\n${t}`),
  around("behind a comment", (t) => `# only looking\n${t}`),
  around("before a comment", (t) => `${t} # only looking`),
  around("in the background", (t) => `${t} &`),
  around("in a subshell", (t) => `(${t})`),
  around("in a group", (t) => `{ ${t}; }`),
  around("negated", (t) => `! ${t}`),
  around("in an if", (t) => `if true; then ${t}; fi`),
  around("as a condition", (t) => `if ${t}; then echo; fi`),
  around("in a loop", (t) => `for i in 1; do ${t}; done`),
  around("in an endless loop", (t) => `while :; do ${t}; break; done`),
  around("in a case", (t) => `case x in x) ${t};; esac`),
  around("in a function", (t) => `f() { ${t}; }; f`),
  around("in a function named like a command", (t) => `ls() { ${t}; }; ls`),
  around("as an alias", (t) => `shopt -s expand_aliases\nalias x=${quoted(t)}\nx`),
  around("in a trap", (t) => `trap ${quoted(t)} EXIT`),
  around("as a coprocess", (t) => `coproc ${t}`),
  around("without its output", (t) => `${t} >/dev/null 2>&1`),
];

const WRAPPERS: readonly Disguise[] = [
  ..."sudo|sudo -u root|sudo -E -n --|doas|env|env -i A=1|A=1|command|command -p|exec|nohup|nice -n 5|ionice -c3|timeout -k 1 5|stdbuf -oL|setsid|time|time -p|busybox|chroot /|unbuffer|flock /tmp/l|caffeinate|strace -f|builtin command"
    .split("|")
    .map((prefix) => before(`${prefix} `)),
  around("in bash -c", (t) => `bash -c ${quoted(t)}`),
  around("in sh -ec", (t) => `/bin/sh -ec ${quoted(t)}`),
  around("in bash -c in double quotes", (t) => `bash -c "${t.replace(/["$`\\]/g, "\\$&")}"`),
  around("in two shells", (t) => `sh -c ${quoted(`bash -c ${quoted(t)}`)}`),
  around("in eval", (t) => `eval ${quoted(t)}`),
  around("in eval by words", (t) => `eval ${t.split(" ").map(quoted).join(" ")}`),
  around("in sudo sh", (t) => `sudo sh -c ${quoted(t)}`),
  around("in su", (t) => `su root -c ${quoted(t)}`),
  around("in find", (t) => `find . -maxdepth 0 -exec sh -c ${quoted(t)} ';'`),
  around("in xargs", (t) => `echo | xargs -I{} sh -c ${quoted(t)}`),
  around("in watch", (t) => `watch ${quoted(t)}`),
  around("in a terminal", (t) => `tmux new-session -d ${quoted(t)}`),
  around("in script", (t) => `script -qc ${quoted(t)} /dev/null`),
  around("in parallel", (t) => `parallel ::: ${quoted(t)}`),
  around("in env -S", (t) => `env -S ${quoted(`sh -c "${t.replace(/["$`\\]/g, "\\$&")}"`)}`),
  around("in a shell's here-document", (t) => `bash <<'EOF'\n${t}\nEOF`),
  around("in a shell's here-string", (t) => `bash <<< ${quoted(t)}`),
  around("in Python", (t) => `python3 -c ${quoted(`import os; os.system(${JSON.stringify(t)})`)}`),
  around("in Perl", (t) => `perl -e ${quoted(`system(${quoted(t)})`)}`),
  around("in Node.js", (t) => `node -e ${quoted(`require("child_process").execSync(${JSON.stringify(t)})`)}`),
  around("in Ruby", (t) => `ruby -e ${quoted(`system(${JSON.stringify(t)})`)}`),
  around("in awk", (t) => `awk ${quoted(`BEGIN { system(${JSON.stringify(t)}) }`)}`),
  around("in git", (t) => `git -c alias.x=${quoted(`!${t}`)} x`),
  {
    name: "last word from xargs",
    apply: (b) =>
      b.behind === undefined ? `echo ${b.words.at(-1)} | xargs ${b.words.slice(0, -1).join(" ")}` : undefined,
  },
];

const ENCODINGS: readonly Disguise[] = [
  around("in base64", (t) => `echo ${base64(t)} | base64 -d | sh`),
  around("in base64, in a substitution", (t) => `bash -c "$(echo ${base64(t)} | base64 --decode)"`),
  around("in base64, in eval", (t) => `eval "$(base64 -d <<< ${base64(t)})"`),
  around("in hexadecimal, piped", (t) => `printf '${hex(t)}' | sh`),
  around("in hexadecimal, in eval", (t) => `eval "$(printf '${hex(t)}')"`),
  around("in hexadecimal, by xxd", (t) => `echo ${Buffer.from(t).toString("hex")} | xxd -r -p | bash`),
  around("as a text in a pipe", (t) => `echo ${quoted(t)} | sh`),
  around("as a text in a pipe through cat", (t) => `printf %s ${quoted(t)} | cat | bash -s`),
  around("backwards", (t) => `echo ${quoted([...t].reverse().join(""))} | rev | sh`),
  around("by tr", (t) => `echo ${quoted(t.replaceAll("r", "Q"))} | tr Q r | sh`),
];

const wide = (text: string) => text.replace(/[!-~]/g, (c) => String.fromCharCode(c.charCodeAt(0) + 0xfee0));

const LOOK_ALIKES: readonly Disguise[] = [
  program("in wide letters", wide),
  program("with a Cyrillic letter", (p) =>
    p.replace(/[aceopxyi]/, (c) => "асеорхуі"["aceopxyi".indexOf(c)]!).replace(/^([a-z]+)$/, "$1\u200b"),
  ),
  program("with an invisible character", (p) => `${p[0]}\u200d${p.slice(1)}`),
  operands("with another hyphen", (w) => w.replace(/^-/, "\u2010")),
  operands("with a wide slash", (w) => w.replaceAll("/", "\uff0f")),
  { name: "words apart by a space that is none", apply: (base) => join([base.words.join("\u00a0")], base) },
  around("behind a carriage return", (t) => `ls\r\n${t}`),
  around("behind NUL", (t) => `ls\u0000\n${t}`),
  around("behind a change of direction", (t) => `\u202e${t}`),
];

const SPELLINGS = 13;

export const SHELL_DISGUISES: Readonly<Record<string, readonly Disguise[]>> = {
  quoting: QUOTING,
  variables: VARIABLES,
  substitutions: SUBSTITUTIONS,
  structure: STRUCTURE,
  wrappers: WRAPPERS,
  encodings: ENCODINGS,
  "look-alikes": LOOK_ALIKES,
  spellings: Array.from(
    { length: SPELLINGS },
    (_, at): Disguise => ({ name: `spelling ${at + 1}`, apply: ({ spellings = [] }) => spellings[at] }),
  ),
};
