import { isIn, isWordStart, LOWER, SEPARATOR, UPPER, WORD } from "./characters.ts";
import { KeywordTrie, ROOT } from "./keyword-trie.ts";

/** What the last words of a name say about its value. */
export interface SecretName {
  readonly kind: string;
  /** The words have to begin a word of the name: `db_pass`, not `bypass`. */
  readonly isWord: boolean;
  /** In plain text every value counts, not only those that look like one. */
  readonly isStrong: boolean;
  /** Words before it that make the name an ordinary one: `next_page_token`. */
  readonly ordinaryAfter: readonly string[];
}

const strong = { isWord: false, isStrong: true, ordinaryAfter: [] };
const plain = { isWord: false, isStrong: false, ordinaryAfter: [] };
const word = { isWord: true, isStrong: false, ordinaryAfter: [] };

/** Names of agents' arguments, headers, environment variables, options and columns, by their last words. */
const NAMES: readonly (readonly [names: string, name: SecretName])[] = [
  ["password|passwords|passwd|passphrase|pass code|pass word", { kind: "password", ...strong }],
  ["pwd|passcode", { kind: "password", ...plain, isStrong: true }],
  ["pass", { kind: "password", ...word }],
  ["secret|secret key base", { kind: "secret", ...plain }],
  [
    "api key|api token|app key|application key|auth key|access key|account key|shared access key|consumer key|functions key|subscription key|hmac key|license key|webhook key|server key|service key",
    { kind: "api-key", ...plain },
  ],
  [
    "private key|secret key|secret access key|signing key|encryption key|decryption key|master key|shared key|symmetric key|recovery key|session key|wallet key|host key seed",
    { kind: "secret-key", ...plain },
  ],
  [
    "seed phrase|recovery phrase|mnemonic|recovery code|recovery codes|backup codes",
    { kind: "recovery-code", ...word },
  ],
  [
    "token",
    {
      kind: "token",
      ...plain,
      ordinaryAfter:
        "page next continuation pagination sync cursor max min pad eos bos unk cls sep mask stop special start end first last per by skip resume change delta num prompt completion idempotency input output each fungible cancellation".split(
          " ",
        ),
    },
  ],
  ["authorization|authorisation", { kind: "authorization", ...plain, isStrong: true }],
  ["auth header|bearer", { kind: "authorization", ...word }],
  ["cookie|cookies|set cookie2", { kind: "cookie", ...word }],
  ["credential|credentials|creds", { kind: "credentials", ...plain }],
  ["connection string|conn string|conn str|connection uri|mongo uri", { kind: "connection-string", ...plain }],
  ["amz signature|goog signature|client assertion|code verifier|sas url", { kind: "signature", ...plain }],
  [
    "otp|totp|otp code|totp code|mfa code|two factor code|one time password|one time code|cvv|cvv2|cvc|cvc2",
    { kind: "one-time-code", ...word },
  ],
];

const JOINS = ["", "_", "-", ".", " "];

/** A keyword for every way to join the words of a name. */
export const NAME_KEYWORDS: ReadonlyMap<string, SecretName> = new Map(
  NAMES.flatMap(([names, name]) =>
    names.split("|").flatMap((words) => JOINS.map((join) => [words.replaceAll(" ", join), name] as const)),
  ),
);

const FOUND = [...NAME_KEYWORDS.values()];
/** Names are read from their end. */
const REVERSED = new KeywordTrie([...NAME_KEYWORDS.keys()].map((keyword) => [...keyword].reverse().join("")));

/** What the value of a key, a header or an option of this name is; undefined for ordinary ones. */
export function secretNameOf(name: string): SecretName | undefined {
  let end = name.length;
  for (let trimmed = 0; trimmed < TRAILING_MAX && isIn(name, end - 1, SEPARATOR); trimmed += 1) end -= 1;
  let node = ROOT;
  let found: SecretName | undefined;
  for (let at = end - 1; at >= 0; at -= 1) {
    node = REVERSED.step(node, name.charCodeAt(at));
    if (node === ROOT) break;
    const candidate = FOUND[REVERSED.keywordAt(node)];
    if (candidate !== undefined && isSecretAfter(name, at, candidate)) found = candidate;
  }
  return found;
}

/** Separators at the end of a name that do not count. */
const TRAILING_MAX = 2;

/** The end of a name whose last words end at `end`; undefined where other words follow, as in `token_count`. */
export function nameEnd(text: string, end: number): number | undefined {
  let at = end;
  while (at < end + TRAILING_MAX && isIn(text, at, SEPARATOR)) at += 1;
  return isIn(text, at, WORD | SEPARATOR) ? undefined : at;
}

/** Whether what stands before the last words, which begin at `start`, leaves them what they say. */
export function isSecretAfter(text: string, start: number, name: SecretName): boolean {
  if (name.isWord && !isWordStart(text, start) && !isCamelStart(text, start)) return false;
  if (name.ordinaryAfter.length === 0) return true;
  const isApart = isIn(text, start - 1, SEPARATOR) || text[start - 1] === " ";
  const end = isApart ? start - 1 : start;
  return !name.ordinaryAfter.some((ordinary) => {
    const begin = end - ordinary.length;
    if (begin < 0 || text.slice(begin, end).toLowerCase() !== ordinary) return false;
    return isWordStart(text, begin) || isCamelStart(text, begin);
  });
}

const isCamelStart = (text: string, start: number) => isIn(text, start, UPPER) && isIn(text, start - 1, LOWER);
