import {
  AUTHORITY_END,
  BASE64,
  BASE64URL,
  DIGIT,
  hasIn,
  isIn,
  isWordStart,
  LETTER,
  runEnd,
  skipBackslashes,
  skipBlanks,
  TOKEN68,
  WORD,
} from "./characters.ts";
import { markerEnd } from "./marker.ts";
import { isPlaceholder, ORDINARY_MAX } from "./placeholder.ts";
import { readValue } from "./quoted-value.ts";
import { type Detector, type Finding, POSSIBLE } from "./types.ts";

/** The password of `scheme://user:password@host` (RFC 3986 section 3.2.1); the keyword is `://`. */
export const detectUserInfo: Detector = (text, start, end, raw) => {
  if (!isIn(text, start - 1, WORD)) return undefined;
  let colon = -1;
  let sign = -1;
  const stop = Math.min(text.length, end + AUTHORITY_MAX);
  for (let at = end; at < stop && !isIn(text, at, AUTHORITY_END); at += 1) {
    const code = text.charCodeAt(at);
    if (code === OPEN) at = Math.max(at, markerEnd(text, at) - 1);
    else if (code === COLON && colon < 0) colon = at;
    else if (code === SIGN) sign = at;
    else if (code === BACKSLASH && colon >= 0) {
      if (raw) return POSSIBLE;
      if ("nrt\"'\\".includes(text[at + 1] ?? "n")) break;
    }
  }
  if (colon < 0) return sign < 0 ? undefined : findTokenAsUser(text, end, sign);
  if (sign <= colon + 1 || isPlaceholder(text, colon + 1, sign) || text[colon + 1] === "{") return undefined;
  return { start: colon + 1, end: sign, kind: "connection-string" };
};

/** `https://<token>@github.com`. */
function findTokenAsUser(text: string, start: number, end: number): Finding | undefined {
  const user = text.slice(start, end);
  const isToken = user.length >= TOKEN_MIN && hasIn(user, DIGIT) && hasIn(user, LETTER);
  return isToken && runEnd(text, start, BASE64URL) === end ? { start, end, kind: "connection-string" } : undefined;
}
const TOKEN_MIN = 20;
const AUTHORITY_MAX = 1024;
const OPEN = 0x5b;
const COLON = 0x3a;
const SIGN = 0x40;
const BACKSLASH = 0x5c;

/** `Bearer <token>` (RFC 6750) without the name of its header. */
export const detectBearer: Detector = (text, start, end, raw) => {
  if (raw && text[end] === "\\") return POSSIBLE;
  const token = skipBlanks(text, end);
  if (token === end || !isWordStart(text, start)) return undefined;
  const stop = runEnd(text, token, TOKEN68);
  const isToken = stop - token >= BEARER_MIN && hasIn(text.slice(token, stop), DIGIT);
  return isToken ? { start: token, end: stop, kind: "authorization" } : undefined;
};
const BEARER_MIN = 16;

/** `Basic <base64 of user:password>` (RFC 7617) without the name of its header. */
export const detectBasic: Detector = (text, start, end, raw) => {
  if (raw && text[end] === "\\") return POSSIBLE;
  const token = skipBlanks(text, end);
  if (token === end || !isWordStart(text, start)) return undefined;
  const stop = runEnd(text, token, BASE64);
  if (stop - token < BASIC_MIN || stop - token > BASIC_MAX) return undefined;
  return isUserAndPassword(text.slice(token, stop)) ? { start: token, end: stop, kind: "authorization" } : undefined;
};
const BASIC_MIN = 6;
const BASIC_MAX = 4096;

function isUserAndPassword(base64: string): boolean {
  let decoded: string;
  try {
    decoded = atob(base64);
  } catch {
    return false;
  }
  if (!decoded.includes(":")) return false;
  for (let at = 0; at < decoded.length; at += 1) if (decoded.charCodeAt(at) < 32) return false;
  return true;
}

/** `curl -u user:password`; the keyword ends behind the option. */
export const detectUserOption: Detector = (text, start, end, raw) => {
  const from = text[end] === "=" ? end + 1 : skipBlanks(text, end);
  if (raw && skipBackslashes(text, from) > from) return POSSIBLE;
  if (!raw && !isAfterProgram(text, start, HTTP_CLIENTS)) return undefined;
  if (!text.slice(from, from + ORDINARY_MAX).includes(":")) return undefined;
  const value = readValue(text, from, raw);
  if (value === undefined) return raw ? POSSIBLE : undefined;
  if (raw && value.isQuoted) return POSSIBLE;
  const user = text.slice(value.start, Math.min(value.end, value.start + ORDINARY_MAX));
  const colon = user.indexOf(":");
  const isUser = colon >= 0 && !user.slice(0, colon).includes(" ") && !user.startsWith("//", colon + 1);
  if (!isUser && (value.isQuoted || value.end - value.start <= ORDINARY_MAX)) return undefined;
  return findPassword(text, value.start + colon + 1, value.end);
};
const HTTP_CLIENTS = ["curl", "wget"];

/** `["curl", "-u", "user:password"]`, `["mysql", "-psecret"]`: only the parsed list says what follows. */
export const detectOptionItem: Detector = (_text, _start, _end, raw) => (raw ? POSSIBLE : undefined);

/** The option of programs that take it as `-p secret` or as `-psecret`; the keyword is the option, with a space before it. */
const createPasswordOption =
  (spaced: readonly string[], glued: readonly string[]): Detector =>
  (text, start, end, raw) => {
    const isSpaced = text[end] === " ";
    if (!isAfterProgram(text, start, isSpaced ? spaced : glued, raw)) return undefined;
    const value = readValue(text, isSpaced ? skipBlanks(text, end) : end, raw);
    if (value === undefined || (raw && value.isQuoted)) return raw ? POSSIBLE : undefined;
    return findPassword(text, value.start, value.end);
  };

/** `mysql -psecret`, `sshpass -p secret`; the keyword is ` -p`. */
export const detectPasswordOption = createPasswordOption(
  ["sshpass", "docker login", "podman login", "az login", "mongosh"],
  ["mysql", "mariadb", "sshpass"],
);

/** `redis-cli -a secret`; the keyword is ` -a`. */
export const detectAuthOption = createPasswordOption(["redis-cli"], []);

/** A command in backticks yields the password, it is none. */
function findPassword(text: string, start: number, end: number): Finding | undefined {
  if (text[start - 1] === "`") return undefined;
  return end <= start || isPlaceholder(text, start, end) ? undefined : { start, end, kind: "password" };
}

/** Whether one of the programs stands in the command before an option; escapes make a JSON text twice as long. */
function isAfterProgram(text: string, at: number, programs: readonly string[], raw = false): boolean {
  const before = text.slice(Math.max(0, at - (raw ? 2 : 1) * COMMAND_MAX), at).toLowerCase();
  if (!programs.some((program) => before.includes(program))) return false;
  const command = raw ? before : before.slice(commandStart(before));
  return programs.some((program) => command.includes(program));
}

/** Where the last of several commands begins: behind `;`, `&`, `|` or a line end outside of quotes. */
function commandStart(commands: string): number {
  let quote = "";
  let start = 0;
  for (let at = 0; at < commands.length; at += 1) {
    const character = commands[at]!;
    if (quote !== "") quote = character === quote ? "" : quote;
    else if (character === '"' || character === "'") quote = character;
    else if (character === "\\") at += 1;
    else if (";&|\n".includes(character)) start = at + 1;
  }
  return start;
}
const COMMAND_MAX = 256;

/** `IDENTIFIED BY '...'`, `IDENTIFIED WITH plugin BY '...'` of MySQL and Oracle; the keyword is `identified `. */
export const detectIdentifiedBy: Detector = (text, _start, end, raw) => {
  const clause = text.slice(end, end + CLAUSE_MAX);
  if (raw && clause.includes("\\")) return POSSIBLE;
  const by = ` ${clause.toLowerCase()}`.indexOf(" by ");
  if (by < 0) return undefined;
  const value = readValue(text, skipBlanks(text, end + by + "by ".length), raw);
  if (value === undefined || (raw && value.isQuoted)) return raw ? POSSIBLE : undefined;
  return value.isQuoted || by === 0 ? findPassword(text, value.start, value.end) : undefined;
};
const CLAUSE_MAX = 80;

/** The value of a query parameter that signs or opens a URL: `?sig=...`, `&key=...`. */
export const detectQueryParameter: Detector = (text, start, end, raw) => {
  if (text[start - 1] !== "?" && text[start - 1] !== "&") return undefined;
  const value = readValue(text, end, raw);
  if (value === undefined) return raw ? POSSIBLE : undefined;
  const found = text.slice(value.start, value.end);
  const isRandom = found.length > ORDINARY_MAX || (hasIn(found, DIGIT) && hasIn(found, LETTER));
  const isFile = found.length <= ORDINARY_MAX && found.includes("/") && /\.[a-z]{2,5}$/i.test(found);
  const isSecret = found.length >= PARAMETER_MIN && isRandom && !isFile;
  return isSecret && !isPlaceholder(text, value.start, value.end)
    ? { start: value.start, end: value.end, kind: "url-parameter" }
    : undefined;
};
const PARAMETER_MIN = 20;
