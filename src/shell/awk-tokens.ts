export interface AwkToken {
  /** `end` ends a statement: `;`, a line, a brace. */
  readonly type: "string" | "regex" | "word" | "operator" | "end";
  /** A string's value, else as written. */
  readonly text: string;
}

/** The tokens of an awk program; `undefined` where a string or a regular expression has no end. */
export function readAwk(program: string): AwkToken[] | undefined {
  const tokens: AwkToken[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < program.length) {
    const start = TOKEN.lastIndex;
    const match = TOKEN.exec(program);
    if (match === null) return undefined;
    const [text, blank, string, word] = match;
    if (blank !== undefined) continue;
    if (string !== undefined) tokens.push({ type: "string", text: unescapeString(string.slice(1, -1)) });
    else if (word !== undefined) tokens.push({ type: "word", text });
    else if (text === '"') return undefined;
    else if (text === "/" && mayBeginRegex(tokens.at(-1))) {
      REGEX.lastIndex = start;
      const regex = REGEX.exec(program);
      if (regex === null) return undefined;
      tokens.push({ type: "regex", text: regex[0] });
      TOKEN.lastIndex = REGEX.lastIndex;
    } else tokens.push({ type: /^[;\n{}]$/.test(text) ? "end" : "operator", text });
  }
  return tokens;
}

const TOKEN =
  /([ \t]+|\\\n|#[^\n]*)|("(?:[^"\\\n]|\\[\s\S])*")|([A-Za-z_]\w*|[\d.]+)|\|\||&&|>>|[<>=!]=|\+\+|--|[\s\S]/y;
const REGEX = /\/(?:[^/\\\n[]|\\[^\n]|\[\^?\]?(?:[^\]\\\n]|\\[^\n])*\])*\//y;

/** SECURITY: behind a value a slash divides; taking it for a pattern would hide what stands up to the next one. */
function mayBeginRegex(before: AwkToken | undefined): boolean {
  if (before === undefined || before.type === "end") return true;
  if (before.type === "operator") return !/^[)\]$]$|^\+\+$|^--$/.test(before.text);
  return before.type === "word" && /^(?:print|printf|return|in|case|do|else|getline)$/.test(before.text);
}

function unescapeString(text: string): string {
  return text.replace(/\\(?:([0-7]{1,3})|x([\da-fA-F]{1,2})|([\s\S]))/g, (_, octal, hex, letter: string) => {
    if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8));
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
    return ESCAPES[letter] ?? letter;
  });
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", "\n": "" };
