import { RE2JS } from "re2js";

/** A regular expression that is searched for in texts. */
export interface Expression {
  readonly regex: RE2JS;
  /** What stands before each match and belongs to it, where that was taken off to make the search faster. */
  readonly lead?: RE2JS;
}

/**
 * Most published expressions begin with an optional run like `[\w.-]{0,50}?`. Nothing hangs on it: whether, where and with
 * which groups the rest matches is the same without it, but RE2 tries the rest at each character of the run, which makes a
 * search 50 times slower. So it is taken off, and looked for behind a match.
 *
 * @throws Error for what RE2 refuses
 */
export function compileExpression(source: string): Expression {
  const whole = RE2JS.compile(source);
  const { flags = "", run, most, rest } = LAZY_RUN.exec(source)?.groups ?? {};
  if (run === undefined || rest === undefined || hasAlternatives(rest)) return { regex: whole };
  const regex = RE2JS.compile(flags + rest);
  if (mayBeEmpty(regex)) return { regex: whole };
  return { regex, lead: RE2JS.compile(`${flags}${run}{0,${most}}\\z`) };
}

/** Flags that do not turn `?` around, a class of characters without classes in it, and what follows. */
const LAZY_RUN = /^(?<flags>\(\?[ims]+\))?(?<run>\[(?:\\[^QEpP]|[^\\\][])+\])\{0,(?<most>\d+)\}\?(?<rest>.+)$/s;

/** Whether a match may be empty: then the next one begins elsewhere. Asked of what has every kind of border. */
function mayBeEmpty(regex: RE2JS): boolean {
  const matcher = regex.matcher("\na-\n\n");
  while (matcher.find()) if (matcher.start() === matcher.end()) return true;
  return regex.test("");
}

/** Whether there is a `|` outside of every group, as far as it is easily told; also where it is not. */
function hasAlternatives(source: string): boolean {
  let depth = 0;
  const bare = source.replaceAll(/\\[^QEpP]|\[\^?(?:\\[^QEpP]|[^\\\][])+\]/gs, "");
  for (const letter of bare) {
    if (letter === "(") depth += 1;
    if (letter === ")") depth -= 1;
    if ("\\[]".includes(letter) || depth < 0 || (depth === 0 && letter === "|")) return true;
  }
  return false;
}

/** Where a match begins that was found at `start`, behind the one that ended at `from`. */
export function startOf({ lead }: Expression, text: string, from: number, start: number): number {
  if (lead === undefined) return start;
  const before = lead.matcher(text.slice(Math.max(from, start - LEAD_UNITS_MAX), start));
  return before.find() ? start - (before.end() - before.start()) : start;
}

/** RE2 counts to 1,000, and a character may take two units. */
const LEAD_UNITS_MAX = 2_000;
