import { DIGIT, isIn, isWordStart, LETTER, LOWER, runEnd, runStart, SEPARATOR, UPPER, WORD } from "./characters.ts";
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
  ["secret|secret key base|secret string|secret value", { kind: "secret", ...plain }],
  [
    "api key|api keys|api token|app key|application key|auth key|access key|account key|shared access key|consumer key|functions key|subscription key|hmac key|license key|webhook key|server key|service key",
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
  const end = trimEnd(name, name.length);
  const found = endingAt(name, end);
  const from = suffixStart(name, end);
  if (found !== undefined || from === end) return found;
  const before = endingAt(name, trimEnd(name, from));
  return before?.isWord === true ? undefined : before;
}

/** The longest secret name that ends at `end`. */
function endingAt(name: string, end: number): SecretName | undefined {
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

function trimEnd(name: string, end: number): number {
  let at = end;
  while (at > end - TRAILING_MAX && isIn(name, at - 1, SEPARATOR)) at -= 1;
  return at;
}

/** The end of a name whose last words end at `end`; undefined where other words follow, as in `token_count`. */
export function nameEnd(text: string, end: number, { isWord }: SecretName): number | undefined {
  const at = runEnd(text, end, SEPARATOR, TRAILING_MAX);
  if (!isIn(text, at, WORD | SEPARATOR)) return at;
  const stop = runEnd(text, at, WORD, SUFFIX_MAX + 1);
  const isSuffix = !isWord && !isIn(text, stop, WORD | SEPARATOR) && suffixStart(text, stop) === at;
  return isSuffix ? stop : undefined;
}

/** Where a number or a word that only says which one of several it is begins; `end` itself when there is none. */
function suffixStart(name: string, end: number): number {
  const number = runStart(name, end, DIGIT, NUMBER_MAX);
  if (number < end) return number;
  const letters = runStart(name, end, LETTER, SUFFIX_MAX);
  if (SUFFIXES.has(name.slice(letters, end).toLowerCase()) && isIn(name, letters - 1, SEPARATOR)) return letters;
  let camel = runStart(name, end, LOWER, SUFFIX_MAX);
  if (isCamelStart(name, camel - 1)) camel -= 1;
  return isCamelStart(name, camel) && SUFFIXES.has(name.slice(camel, end).toLowerCase()) ? camel : end;
}

/** `password1`, `GITHUB_TOKEN_2`. */
const NUMBER_MAX = 2;
const SUFFIX_MAX = 12;
const SUFFIXES: ReadonlySet<string> = new Set(
  "confirmation confirm prod production staging stage dev live primary secondary backup current previous".split(" "),
);

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
