import type { Field } from "./field.ts";
import { normalizePath } from "./normalize-path.ts";
import { entryOf } from "./option-table.ts";
import type { Arguments } from "./read-arguments.ts";

export interface Files {
  readonly reads: readonly string[];
  readonly writes: readonly string[];
}

/** Which files a known program reads, and which it creates, changes or removes. */
export function filesOf(parsed: Arguments, words: readonly Field[]): Files {
  const { kind } = parsed;
  const use = entryOf(USES, kind);
  if (use === undefined) return NONE;
  const reads: Field[] = [];
  const writes: Field[] = [];
  for (const { name, field } of parsed.values) {
    if (use.readOptions?.includes(name) === true) reads.push(field);
    if (use.writeOptions?.includes(name) === true) writes.push(field);
  }
  addOperands(use, parsed, words, reads, writes);
  if (kind === "curl") addUploads(parsed, reads);
  return { reads: pathsOf(reads), writes: pathsOf(writes) };
}

interface Use {
  /**
   * What operands are: `read` or `write` all, `last` is written and the others read, `move` the same but the others vanish,
   * `copy` the first is read and the second, if there is one, is written,
   * `pattern` the first is no file and the others are read, `mode` the first is no file and the others are written.
   * `pairs`, `tree` and `archive` are as `dd`, `find` and `tar` take them.
   */
  readonly operands?: "read" | "write" | "last" | "move" | "copy" | "pattern" | "mode" | "pairs" | "tree" | "archive";
  readonly readOptions?: readonly string[];
  readonly writeOptions?: readonly string[];
  /** Options that turn reading into writing. */
  readonly inPlace?: readonly string[];
  /** Options that say the pattern, so that every operand is a file. */
  readonly patternOptions?: readonly string[];
}

const NONE: Files = { reads: [], writes: [] };
const READ: Use = { operands: "read" };
const WRITE: Use = { operands: "write" };

const USES: Readonly<Record<string, Use>> = {
  ...forEach(
    "cat tac nl less more head tail bat wc od hexdump strings file stat md5sum sha1sum sha256sum sha512sum b2sum cksum sum base64 base32 cut paste join comm diff cmp column fold fmt rev ls dir tree du readlink realpath zcat bzcat xzcat source readelf objdump nm",
    READ,
  ),
  ...forEach(
    "rm rmdir unlink shred mkdir touch truncate mkfifo mknod gzip gunzip bzip2 bunzip2 xz unxz zstd tee",
    WRITE,
  ),
  uniq: { operands: "copy" },
  xxd: { operands: "copy" },
  split: { operands: "copy" },
  sort: { operands: "read", writeOptions: ["-o"], readOptions: ["--files0-from"] },
  touch: { operands: "write", readOptions: ["-r"] },
  truncate: { operands: "write", readOptions: ["-r"] },
  cp: { operands: "last", writeOptions: ["-t"] },
  install: { operands: "last", writeOptions: ["-t"] },
  ln: { operands: "last", writeOptions: ["-t"] },
  mv: { operands: "move", writeOptions: ["-t"] },
  scp: { operands: "last", readOptions: ["-i", "-F"] },
  rsync: {
    operands: "last",
    readOptions: ["--files-from", "--exclude-from", "--include-from", "--password-file"],
    writeOptions: ["--log-file", "--backup-dir"],
  },
  chmod: { operands: "mode", readOptions: ["--reference"], patternOptions: ["--reference"] },
  chown: { operands: "mode", readOptions: ["--reference"], patternOptions: ["--reference"] },
  chgrp: { operands: "mode", readOptions: ["--reference"], patternOptions: ["--reference"] },
  chattr: { operands: "mode" },
  setfacl: { operands: "mode" },
  grep: { operands: "pattern", readOptions: ["-f", "--exclude-from"], patternOptions: ["-e", "-f"] },
  rg: { operands: "pattern", readOptions: ["-f"] },
  awk: { operands: "pattern", readOptions: ["-f", "-i"], patternOptions: ["-f"] },
  sed: { operands: "pattern", readOptions: ["-f"], patternOptions: ["-e", "-f"], inPlace: ["-i"] },
  jq: { operands: "pattern" },
  dd: { operands: "pairs" },
  find: { operands: "tree" },
  tar: { operands: "archive", readOptions: ["-T", "-X"] },
  curl: {
    writeOptions: ["-o", "-c", "-D", "--trace", "--trace-ascii", "--stderr", "--output-dir"],
    readOptions: ["-T", "-K", "--cert", "-E", "--key", "--cacert", "--netrc-file"],
  },
  wget: {
    writeOptions: ["-O", "-o", "-a", "-P", "--save-cookies", "--warc-file"],
    readOptions: ["-i", "--post-file", "--body-file", "--load-cookies", "--private-key"],
  },
  ssh: { readOptions: ["-i", "-F"], writeOptions: ["-E"] },
  crontab: READ,
  git: {},
};

function forEach(programs: string, use: Use): Record<string, Use> {
  return Object.fromEntries(programs.split(" ").map((program) => [program, use]));
}

function addOperands(use: Use, parsed: Arguments, words: readonly Field[], reads: Field[], writes: Field[]): void {
  const { operands, flags } = parsed;
  const hasTarget = flags.includes("-t");
  switch (use.operands) {
    case "read":
      reads.push(...operands);
      break;
    case "write":
      writes.push(...operands);
      break;
    case "last":
    case "move": {
      const sources = hasTarget ? operands : operands.slice(0, -1);
      reads.push(...sources);
      if (use.operands === "move") writes.push(...sources);
      if (!hasTarget) writes.push(...operands.slice(-1));
      break;
    }
    case "copy":
      reads.push(...operands.slice(0, 1));
      writes.push(...operands.slice(1));
      break;
    case "pattern":
    case "mode": {
      const files =
        use.patternOptions?.some((option) => flags.includes(option)) === true ? operands : operands.slice(1);
      const isWritten = use.operands === "mode" || use.inPlace?.some((option) => flags.includes(option)) === true;
      if (use.operands === "pattern") reads.push(...files);
      if (parsed.kind === "awk" && parsed.options["-i"] === "inplace") writes.push(...files);
      if (isWritten) writes.push(...files);
      break;
    }
    case "pairs":
      for (const word of words) addPair(word, reads, writes);
      break;
    case "tree":
      addTree(words, reads, writes);
      break;
    case "archive":
      addArchive(parsed, reads, writes);
      break;
    default:
  }
}

/** `dd if=a of=b` */
function addPair(word: Field, reads: Field[], writes: Field[]): void {
  const path = { ...word, text: word.text.slice(3) };
  if (word.text.startsWith("if=")) reads.push(path);
  if (word.text.startsWith("of=")) writes.push(path);
}

/** `find a b -name c -delete -fprint d` */
function addTree(words: readonly Field[], reads: Field[], writes: Field[]): void {
  const start = words.findIndex(({ text }) => /^[-(!]/.test(text) && !/^-[HLPDO]/.test(text));
  const roots = (start === -1 ? words : words.slice(0, start)).filter(({ text }) => !text.startsWith("-"));
  reads.push(...roots);
  if (words.some(({ text }) => text === "-delete")) writes.push(...roots);
  for (const [index, { text }] of words.entries()) {
    const file = words[index + 1];
    if (/^-f(?:print0?|printf|ls)$/.test(text) && file !== undefined) writes.push(file);
  }
}

function addArchive({ flags, values, operands }: Arguments, reads: Field[], writes: Field[]): void {
  const archives = values.filter(({ name }) => name === "-f").map(({ field }) => field);
  const folders = values.filter(({ name }) => name === "-C").map(({ field }) => field);
  const isMade = ["-c", "-r", "-u", "-A", "--delete"].some((flag) => flags.includes(flag));
  (isMade ? writes : reads).push(...archives);
  if (isMade) reads.push(...operands);
  if (flags.includes("--remove-files")) writes.push(...operands);
  if (flags.includes("-x")) writes.push(...folders);
}

/** `-d @file`, `-F name=@file` */
function addUploads({ values }: Arguments, reads: Field[]): void {
  for (const { name, field } of values) {
    if (!UPLOADS.has(name)) continue;
    const at = /^(?:[^=@]*=)?[@<]([^;]+)/.exec(field.text)?.[1];
    if (at !== undefined) reads.push({ ...field, text: at });
  }
}

const UPLOADS: ReadonlySet<string> = new Set([
  "-d",
  "--data-binary",
  "--data-urlencode",
  "--json",
  "-F",
  "-H",
  "-b",
  "-w",
]);

function pathsOf(fields: readonly Field[]): string[] {
  return fields.filter(({ text, feeds }) => text !== "-" && text !== "" && feeds.length === 0).flatMap(pathsOfField);
}

/**
 * The file that a word names. SECURITY: where it only may be this one, as in `X=/; if a; then X=b; fi; rm $X`, there is a second
 * one that says so: what is written out is not taken for all that it can be.
 */
export function pathsOfField({ text, dynamic }: Field): string[] {
  const path = normalizePath(text);
  return dynamic && !/[$`]/.test(text) ? [path, "$"] : [path];
}
