import { escapePointer } from "../model/json-pointer.ts";

/** Where a value was changed, while it is walked: the way to the place that is looked at, and the ways that were reported. */
export class ChangedPaths {
  readonly #path: string[] = [];
  readonly #pointers = new Set<string>();
  readonly #members = new Set<string>();
  #length = 0;

  /** Runs `visit` for what stands at `step` below the current place. */
  below<Result>(step: string, visit: () => Result): Result {
    this.#path.push(step);
    const result = visit();
    this.#path.pop();
    return result;
  }

  /** Notes that the value at the current place was changed. */
  report(): void {
    if (this.#members.size <= POINTERS_MAX) this.#members.add(pointerOf(this.#path.slice(0, 1)));
    if (!this.#isPrecise) return;
    const pointer = pointerOf(this.#path);
    this.#length += pointer.length;
    this.#pointers.add(pointer);
  }

  /**
   * JSON pointers of what was changed, ascending and unique. INVARIANT: few and short. Where the precise ones would not be, those
   * of the members of the whole value that hold the changes; where these would not be, the one of the whole value.
   */
  get pointers(): readonly string[] {
    if (this.#isPrecise) return [...this.#pointers].sort();
    return this.#members.size > POINTERS_MAX ? [""] : [...this.#members].sort();
  }

  get #isPrecise(): boolean {
    return this.#pointers.size <= POINTERS_MAX && this.#length <= LENGTH_MAX;
  }
}

const POINTERS_MAX = 100;
/** All of them together, in UTF-16 code units. */
const LENGTH_MAX = 32_768;

const pointerOf = (path: readonly string[]) => path.map((step) => `/${escapePointer(step)}`).join("");
