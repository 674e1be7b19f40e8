/**
 * Commands that code in Python, Perl, Ruby, JavaScript or PHP visibly starts: shell text, or a program with its arguments.
 * SECURITY: what is found is evidence, never all.
 */
export function commandsInCode(code: string): (string | readonly string[])[] {
  const commands: (string | readonly string[])[] = [];
  for (const match of code.matchAll(LAUNCH)) {
    const behind = code.slice(match.index + match[0].length, match.index + match[0].length + ARGUMENTS_MAX);
    const command = argumentsOf(behind);
    if (command !== undefined) commands.push(command);
  }
  for (const [, quoted = ""] of code.matchAll(/`([^`\n]{1,1000})`/g)) commands.push(quoted);
  for (const [, , quoted = ""] of code.matchAll(/(?:%x|\bqx)\s*([{(/|!])([^})/|!\n]{1,1000})[})/|!]/g))
    commands.push(quoted);
  return commands;
}

/**
 * Whether code prints what it computes from plain literals, and nothing else: every word is a literal or one of a few that cannot
 * reach a file, a program or the network in any of these languages.
 */
export function isPlainPrinting(code: string): boolean {
  return PLAIN_PRINTING.test(code);
}

/** Without what languages put values or commands into strings with. */
const PLAIN_PRINTING =
  /^(?:"[^"\\#$@`{}\n]*"|'[^'\\#$@`{}\n]*'|\b(?:print|console\.log|puts|echo|len|sum|min|max|abs|round|sorted|range|int|float|str|list|True|False|None)\b|\b\d+(?:\.\d+)?\b|[\s,;:()[\]+*/%-])*$/;

const LAUNCH =
  /\b(?:system|popen\d?|getoutput|getstatusoutput|check_output|check_call|check_run|run|call|Popen|exec[lv]?p?e?|spawn[lv]?p?e?|posix_spawnp?|exec(?:File)?(?:Sync)?|spawn(?:Sync)?|shell_exec|passthru|proc_open|pcntl_exec|execute|capture[23e]*|create_subprocess_(?:exec|shell)|doShellScript|do shell script)\b\s*\(?\s*/g;

/** Longer arguments are cut, so that many launches cost no more than the text times this. */
const ARGUMENTS_MAX = 1000;

const STRING =
  /^[frbu]{0,2}(?:"""([\s\S]*?)"""|'''([\s\S]*?)'''|"((?:[^"\\]|\\[\s\S])*)"|'((?:[^'\\]|\\[\s\S])*)'|`((?:[^`\\]|\\[\s\S])*)`)/;

function argumentsOf(text: string): string | readonly string[] | undefined {
  const list = text[0] === "[" || text[0] === "(" ? stringsOf(text.slice(1)) : undefined;
  if (list !== undefined) return list.length > 0 ? list : undefined;
  const first = stringOf(text);
  if (first === undefined) return undefined;
  const separator = /^\s*,\s*/.exec(text.slice(first.length));
  if (separator === null) return first.text;
  const others = text.slice(first.length + separator[0].length);
  const words = stringsOf(others[0] === "[" ? others.slice(1) : others);
  return words.length > 0 ? [first.text, ...words] : first.text;
}

function stringsOf(text: string): string[] {
  const strings: string[] = [];
  let rest = text.trimStart();
  for (let next = stringOf(rest); next !== undefined; next = stringOf(rest)) {
    strings.push(next.text);
    const separator = /^\s*,\s*/.exec(rest.slice(next.length));
    if (separator === null) break;
    rest = rest.slice(next.length + separator[0].length);
  }
  return strings;
}

function stringOf(text: string): { text: string; length: number } | undefined {
  const match = STRING.exec(text);
  if (match === null) return undefined;
  const raw = match.slice(1).find((group) => group !== undefined) ?? "";
  return {
    text: raw.replace(/\\([\s\S])/g, (_, escaped: string) => (escaped === "n" ? "\n" : escaped)),
    length: match[0].length,
  };
}
