/** Colours for stdout on a terminal; everything else stays plain. */
export interface Paint {
  readonly bad: (text: string) => string;
  readonly good: (text: string) => string;
  readonly attention: (text: string) => string;
  readonly quiet: (text: string) => string;
}

/** @see https://no-color.org: any value but the empty one turns colours off */
export function createPaint(env: Readonly<Record<string, string | undefined>>, isTerminal: boolean): Paint {
  const hasColours = isTerminal && !env.NO_COLOR && env.TERM !== "dumb";
  const style = (code: number) => (text: string) => (hasColours ? `\u001b[${code}m${text}\u001b[0m` : text);
  return { bad: style(31), good: style(32), attention: style(33), quiet: style(2) };
}
