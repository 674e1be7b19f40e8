import type { Decision } from "./decision.ts";

const texts = new WeakMap<Decision, string>();

/**
 * `JSON.stringify(decision)`, made once per object. Most requests get one of a few decisions, and both the answer and the
 * record hold it.
 */
export function decisionJson(decision: Decision): string {
  let text = texts.get(decision);
  if (text === undefined) {
    text = JSON.stringify(decision);
    texts.set(decision, text);
  }
  return text;
}
