/**
 * What functions made of texts, kept beyond one decision: for whoever asks about the same requests again and again. It saves
 * the work and nothing else: each decision pays its fuel as if it had been done anew.
 */
export interface KeptTexts {
  /** @param compute always gives the same for the same function and text */
  compute(name: string, text: string, compute: (text: string) => unknown): unknown;
}

/** Some thousand requests. What is made of a text takes up to a hundred times its length. */
const CHARACTERS_MAX = 250_000;

export function createKeptTexts(): KeptTexts {
  let functions = new Map<string, Map<string, unknown>>();
  let characters = 0;
  return {
    compute(name, text, compute) {
      let known = functions.get(name);
      const found = known?.get(text);
      if (found !== undefined) return found;
      characters += text.length;
      if (characters > CHARACTERS_MAX) {
        functions = new Map();
        characters = text.length;
        known = undefined;
      }
      if (known === undefined) {
        known = new Map();
        functions.set(name, known);
      }
      const value = compute(text);
      known.set(text, value);
      return value;
    },
  };
}
