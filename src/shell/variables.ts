/** What is known of a variable's value. */
export interface Value {
  readonly text: string;
  /** Whether it may be another one when it runs. */
  readonly dynamic: boolean;
}

/** The shell's variables as far as the text itself sets them, one table a branch of the control flow. */
export class Variables {
  readonly #own = new Map<string, Value>();
  readonly #outer: Variables | undefined;
  #isCertain: boolean;

  private constructor(outer: Variables | undefined, isCertain: boolean) {
    this.#outer = outer;
    this.#isCertain = isCertain;
  }

  static empty(): Variables {
    return new Variables(undefined, true);
  }

  get(name: string): Value | undefined {
    const own = this.#own.get(name);
    if (own !== undefined) return own;
    const value = this.#outer?.get(name);
    return value === undefined || this.#isCertain ? value : { ...value, dynamic: true };
  }

  set(name: string, value: Value): void {
    this.#own.set(name, value);
  }

  /** For what runs at most once from here, such as a branch: it sees the values as they are. */
  branch(): Variables {
    return new Variables(this, true);
  }

  /** For what runs at other times or in another process, such as a loop's body: values from outside may have changed. */
  detached(): Variables {
    return new Variables(this, false);
  }

  /** From here on, any variable may hold something else. */
  distrust(): void {
    for (const [name, value] of this.#own) this.#own.set(name, { ...value, dynamic: true });
    this.#isCertain = false;
  }

  /** What a branch set may be set from here on. */
  absorb(branch: Variables): void {
    for (const [name, value] of branch.#own) this.#own.set(name, { ...value, dynamic: true });
  }
}
