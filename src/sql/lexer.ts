/** What a text is cut into, as far as it is asked. */
export interface SqlToken {
  readonly kind: "comment" | "word" | "other";
  readonly text: string;
}

/** Comments; quoted texts and names; words; and any other character. */
const TOKEN =
  /(--[^\n\r]*|\/\*[\s\S]*?(?:\*\/|$))|(?:e'(?:[^'\\]|\\[\s\S]|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|\$([a-z_\x80-\uffff][\w\x80-\uffff]*)?\$[\s\S]*?\$\2\$)|([a-z_\x80-\uffff][\w$\x80-\uffff]*)|\S/gi;

/**
 * Cuts a text that PostgreSQL's parser takes into tokens. Where comments nest, what is left of the outer one comes as tokens
 * behind the inner one.
 */
export function* sqlTokens(text: string): Generator<SqlToken> {
  for (const [token, comment, , word] of text.matchAll(TOKEN)) {
    yield { kind: comment !== undefined ? "comment" : word !== undefined ? "word" : "other", text: token };
  }
}
