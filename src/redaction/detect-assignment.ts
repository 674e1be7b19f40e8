import {
  ASSIGNING,
  DASH,
  DIGIT,
  hasIn,
  isIn,
  isQuote,
  isWordStart,
  LETTER,
  NAME,
  runEnd,
  runStart,
  skipBackslashes,
  skipBlanks,
} from "./characters.ts";
import { findCookies, findCredentials } from "./detect-header.ts";
import { isCode, isPlaceholder, ORDINARY_MAX } from "./placeholder.ts";
import { readValue, type Value } from "./quoted-value.ts";
import { isSecretAfter, nameEnd, type SecretName, secretNameOf } from "./secret-names.ts";
import { type Detector, type Finding, POSSIBLE } from "./types.ts";

/** Where the value of a name begins, and how it is joined to the name. */
interface Assignment {
  readonly value: number;
  readonly operator: "=" | ":" | "," | ">" | "flag";
  /** With a blank before the operator: code or a file of settings, not a shell. */
  readonly isSpaced: boolean;
  /** Whether a shell would put a value in place of the name: `$PWD`. */
  readonly isVariable?: boolean;
}

/**
 * Finds the value of a secret name in text: shell, code, YAML, SQL, URLs, headers, XML, JSON inside a string.
 * In a JSON text that is not parsed it also answers for keys, and for pairs such as `["Authorization", "..."]`.
 */
export function createAssignmentDetector(name: SecretName): Detector {
  return (text, start, end, raw) => {
    const last = nameEnd(text, end, name);
    if (last === undefined) return undefined;
    const nameStart = startOfName(text, start);
    const after = afterBracket(text, nameStart, last);
    if (!isIn(text, after, ASSIGNING)) return undefined;
    const found =
      raw && text[after] === '"' ? findJson(text, nameStart, after + 1) : find(text, nameStart, after, name, raw);
    return found !== undefined && isSecretAfter(text, start, name) ? found : undefined;
  };
}

/** `user[password]=`, `user%5Bpassword%5D=`: the fields of a form. */
function afterBracket(text: string, nameStart: number, end: number): number {
  if (text[end] === "]" && text[nameStart - 1] === "[" && text[end + 1] === "=") return end + 1;
  return text[end] === "%" && /^%5D=/i.test(text.slice(end, end + 4)) ? end + 3 : end;
}

const NAME_MAX = 64;

/** The letter of an escape, as in `\n--password`, is not part of the name behind it. */
function startOfName(text: string, start: number): number {
  const at = runStart(text, start, NAME, NAME_MAX);
  return at < start && text[at - 1] === "\\" && "nrtbf".includes(text[at]!) ? at + 1 : at;
}

/** After the closing quote of a JSON string that ends with a secret name: a key with a value, or the name of a pair. */
function findJson(text: string, nameStart: number, from: number): Finding | undefined {
  const at = skipBlanks(text, from, true);
  if (text[at] === ":") {
    const value = skipBlanks(text, at + 1, true);
    const isKept = "ntf]}".includes(text[value] ?? "n") || text.startsWith('""', value);
    return isKept ? undefined : POSSIBLE;
  }
  if (text[at] !== "," && text[at] !== "}") return undefined;
  return isPairName(text, nameStart) ? POSSIBLE : undefined;
}

/** Whether the string that begins at `nameStart` stands where the name of a pair or an option in a list of arguments does. */
function isPairName(text: string, nameStart: number): boolean {
  let quote = nameStart;
  while (quote > 0 && text[quote] !== '"' && nameStart - quote < NAME_MAX) quote -= 1;
  // Too far away, or escaped: where the string begins is for the parser to say.
  if (text[quote] !== '"' || text[quote - 1] === "\\") return true;
  let before = quote - 1;
  while (before > 0 && " \t\r\n".includes(text[before]!)) before -= 1;
  if (text[before] === "[") return true;
  if (text[before] === ",") return text[quote + 1] === "-";
  return text[before] === ":" && endsWithPairKey(text.slice(Math.max(0, before - PAIR_KEY_MAX), before));
}

const PAIR_KEY_MAX = 16;
/** The keys under which the name of a pair stands, ignoring case. */
export const PAIR_NAME_KEYS = ["name", "key", "header", "field"] as const;

function endsWithPairKey(text: string): boolean {
  const key = text.trimEnd().toLowerCase();
  return PAIR_NAME_KEYS.some((name) => key.endsWith(`${name}"`));
}

function find(text: string, nameStart: number, after: number, name: SecretName, raw: boolean): Finding | undefined {
  const assignment = findAssignment(text, nameStart, after, name, raw);
  if (typeof assignment !== "object") return assignment === "unclear" ? POSSIBLE : undefined;
  if (name.kind === "cookie") return findCookies(text, assignment.value, assignment.operator === ":", raw);
  const credentials =
    name.kind === "authorization" ? findCredentials(text, skipPrefix(text, assignment.value, raw), raw) : "no scheme";
  return credentials === "no scheme" ? findValue(text, assignment, name, raw) : credentials;
}

function findAssignment(
  text: string,
  nameStart: number,
  after: number,
  name: SecretName,
  raw: boolean,
): Assignment | "unclear" | undefined {
  const quote = skipBackslashes(text, after);
  if (raw && quote > after && text[quote] !== "n" && text[quote] !== "r") return "unclear";
  const isClosed = isQuote(text[quote]);
  if (!isClosed && quote > after) return undefined;
  const bracket = isClosed ? quote + 1 : after;
  const blank = text[bracket] === "]" && isClosed ? bracket + 1 : bracket;
  const at = skipBlanks(text, blank);
  if (isClosed && at > blank && text.startsWith(ATTRIBUTE, at))
    return { value: at + ATTRIBUTE.length, operator: "=", isSpaced: false };
  const isSet = !isClosed && at > blank && isAfterSetter(text, nameStart);
  if (isSet && text[at] !== "=" && text[at] !== ":") return { value: at, operator: "flag", isSpaced: false };
  if (!isClosed && isIn(text, at, LETTER) && !isIn(text, nameStart, DASH)) return undefined;
  const isSpaced = at > blank;
  const operator = readOperator(text, at, isClosed, text[nameStart - 1] === "<");
  if (operator !== undefined)
    return {
      ...operator,
      isSpaced,
      isVariable: text[nameStart - 1] === "$",
      value: skipBlanks(text, operator.value, isClosed),
    };
  if (raw && text[at] === "\\") return "unclear";
  const isFlag = isIn(text, nameStart, DASH) && isSpaced && !isIn(text, at, DASH) && !"<>|&".includes(text[at] ?? "<");
  const isSql = name.kind === "password" && !isClosed && isSpaced && text[at] === "'";
  return isFlag || isSql ? { value: at, operator: "flag", isSpaced: false } : undefined;
}

/** `<add key="Password" value="..."/>`. */
const ATTRIBUTE = "value=";

/** `ENV DB_PASSWORD ...`, `aws configure set aws_secret_access_key ...`: the value follows without a sign. */
const isAfterSetter = (text: string, nameStart: number) =>
  SETTERS.some((setter) => text.endsWith(setter, nameStart) && isWordStart(text, nameStart - setter.length));
const SETTERS = ["ENV ", "setenv ", "configure set ", "set -x ", "set -gx "];

function readOperator(
  text: string,
  at: number,
  isClosed: boolean,
  isTag: boolean,
): Pick<Assignment, "value" | "operator"> | undefined {
  const character = text[at];
  if (character === "=" || (character === "!" && text[at + 1] === "=")) {
    let value = at + 1;
    while (value < at + 3 && (text[value] === "=" || text[value] === ">")) value += 1;
    return { value, operator: "=" };
  }
  if (character === ":") {
    if (text[at + 1] === ":") return undefined;
    return text[at + 1] === "=" ? { value: at + 2, operator: "=" } : { value: at + 1, operator: ":" };
  }
  if (character === "," && isClosed && isQuote(text[skipBackslashes(text, skipBlanks(text, at + 1))]))
    return { value: at + 1, operator: "," };
  return character === ">" && isTag ? { value: at + 1, operator: ">" } : undefined;
}

function findValue(text: string, assignment: Assignment, name: SecretName, raw: boolean): Finding | undefined {
  const value = readValue(text, skipPrefix(text, assignment.value, raw), raw);
  if (value === undefined) return raw ? POSSIBLE : undefined;
  // A variable and what follows it, as in `docker run -v $PWD:/app`.
  if (assignment.isVariable && assignment.operator === ":" && text[value.start] === "/" && !value.isQuoted)
    return value.end - value.start > ORDINARY_MAX ? { start: value.start, end: value.end, kind: name.kind } : undefined;
  const declared = value.isQuoted || assignment.operator !== ":" ? undefined : afterType(text, value);
  if (declared !== undefined) return findValue(text, { value: declared, operator: "=", isSpaced: true }, name, raw);
  // The text of a JSON string ends where its quote is: what looks longer here is looked at again when it is parsed.
  if (raw && value.isQuoted && /["\\]/.test(text.slice(value.start, value.end))) return POSSIBLE;
  return isSecretValue(text, value, assignment, name)
    ? { start: value.start, end: value.end, kind: name.kind }
    : undefined;
}

/** The letters before a quote that make it another kind of string: `N'...'` in SQL, `b"..."` in Python. */
function skipPrefix(text: string, at: number, raw: boolean): number {
  // In a JSON text a quote without an escape ends the string.
  const isPrefix = isIn(text, at, LETTER) && isQuote(text[at + 1]) && !(raw && text[at + 1] === '"');
  return isPrefix ? at + 1 : at;
}

/** `password: str = "..."`: where the value of a declaration begins. */
function afterType(text: string, { start, end }: Value): number | undefined {
  if (end - start > TYPE_MAX || !TYPES.has(text.slice(start, end).toLowerCase())) return undefined;
  const at = skipBlanks(text, end);
  return at > end && text[at] === "=" && text[at + 1] !== "=" ? skipBlanks(text, at + 1) : undefined;
}
const TYPE_MAX = 16;
const TYPES: ReadonlySet<string> = new Set(["str", "string", "text", "any", "optional[str]"]);

function isSecretValue(text: string, value: Value, assignment: Assignment, name: SecretName): boolean {
  const { start, end, isQuoted } = value;
  if (isPlaceholder(text, start, end)) return false;
  const found = text.slice(start, Math.min(end, start + ORDINARY_MAX));
  if (isQuoted) return name.isStrong || (found.length >= QUOTED_MIN && !found.includes(" "));
  if (end - start > ORDINARY_MAX) return true;
  if (isCode(found, assignment.isSpaced) || (assignment.operator === ":" && isProse(text, value))) return false;
  if (isFileOrPage(found)) return false;
  if (name.isStrong) return true;
  if (!hasIn(found, DIGIT) && secretNameOf(found) !== undefined) return false; // `Client(api_key=api_key)`
  return found.length >= UNQUOTED_MIN && (hasIn(found, DIGIT) || assignment.operator !== ":" || found.length >= LONG);
}

/** `--private-key ~/.ssh/id_rsa`, `pwd: /srv/app`, `reset your password: https://...`. */
function isFileOrPage(value: string): boolean {
  if (FILE_STARTS.some((start) => value.startsWith(start))) return true;
  if (FILE_ENDS.some((end) => value.toLowerCase().endsWith(end))) return true;
  return value[0] === "/" && (value.includes(".") || !hasIn(value, DIGIT));
}
const FILE_STARTS = ["./", "../", "~/", "http://", "https://"];
const FILE_ENDS = [".pem", ".key", ".gpg", ".json", ".txt", ".env", ".yaml", ".yml", ".crt", ".p12"];

/** Names such as `token` also stand before ordinary words. */
const QUOTED_MIN = 4;
const UNQUOTED_MIN = 6;
const LONG = 20;

/** `Password: please ask`: a word, and another one behind it. */
function isProse(text: string, { start, end }: Value): boolean {
  return runEnd(text, start, LETTER) === end && text[end] === " " && isIn(text, end + 1, LETTER);
}
