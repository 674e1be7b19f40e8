import type { Analysis } from "./analysis.ts";
import type { Field } from "./field.ts";
import type { Value } from "./variables.ts";

/** Puts the fields of one word together. */
export class FieldBuilder {
  readonly #analysis: Analysis;
  readonly #isSplit: boolean;
  readonly #done: Field[] = [];
  #text = "";
  #dynamic = false;
  #glob = false;
  #splits = false;
  #feeds: readonly string[] = [];
  #isStarted = false;

  /** @param isSplit whether unquoted values give several fields */
  constructor(analysis: Analysis, isSplit: boolean) {
    this.#analysis = analysis;
    this.#isSplit = isSplit;
  }

  literal(text: string): void {
    if (text.includes("$(") || text.includes("`")) this.#analysis.holdsQuotedSubstitution = true;
    this.#append(text);
  }

  glob(text: string): void {
    this.literal(text);
    this.#glob = true;
    if (this.#isSplit) this.#analysis.hasGlob = true;
  }

  /** A part as it is written, whose text is known only at run time. */
  unknown(text: string, isQuoted: boolean): void {
    this.#append(text);
    this.#dynamic = true;
    if (!isQuoted) this.#splits = true;
    this.#analysis.dynamic = true;
  }

  /** The file that stands for what programs write or read. */
  file(text: string, feeds: readonly string[]): void {
    this.#append(text);
    this.#feeds = [...this.#feeds, ...feeds];
  }

  value({ text, dynamic }: Value, isQuoted: boolean): void {
    this.#analysis.spend(text.length);
    // How a value splits that is known only as it is written is not known.
    const isWhole = isQuoted || !this.#isSplit || (dynamic && /[$`]/.test(text));
    if (dynamic && (isWhole || text.trim() === "")) this.unknown("", isQuoted);
    if (isWhole) {
      this.literal(text);
      return;
    }
    for (const [index, piece] of text.split(/[ \t\n]+/).entries()) {
      if (index > 0) this.#break();
      if (piece === "") continue;
      if (/[*?[]/.test(piece)) this.glob(piece);
      else this.literal(piece);
      if (dynamic) this.unknown("", isQuoted);
    }
  }

  finish(): Field[] {
    this.#break();
    return this.#done;
  }

  #append(text: string): void {
    this.#text += text;
    this.#isStarted = true;
  }

  #break(): void {
    if (this.#isStarted) {
      const field = {
        text: this.#text,
        dynamic: this.#dynamic,
        glob: this.#glob,
        splits: this.#splits,
        feeds: this.#feeds,
      };
      this.#done.push(field);
    }
    this.#text = "";
    this.#dynamic = this.#glob = this.#splits = this.#isStarted = false;
    this.#feeds = [];
  }
}
