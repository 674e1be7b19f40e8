import { type Field, staticField } from "./field.ts";
import { normalizePath } from "./normalize-path.ts";
import type { Scope } from "./scope.ts";
import type { Call } from "./unwrap.ts";

/** Follows the commands of a sed script that run programs (`e`, `s///e`), read or write files. */
export function runSed({ parsed }: Call, scope: Scope): void {
  const inner = { ...scope, variables: scope.variables.detached(), input: undefined };
  const scripts = parsed.values.filter(({ name }) => name === "-e").map(({ field }) => field);
  const first = parsed.operands[0];
  if (scripts.length === 0 && !parsed.flags.includes("-f") && first !== undefined) scripts.push(first);
  for (const script of scripts) runPart(script, inner);
}

function runPart({ text, dynamic }: Field, scope: Scope): void {
  if (dynamic || !new SedScript(text, scope).run()) scope.analysis.runsUnknown();
}

class SedScript {
  readonly #text: string;
  readonly #scope: Scope;
  #index = 0;

  constructor(text: string, scope: Scope) {
    this.#text = text;
    this.#scope = scope;
  }

  /** Gives whether every command was understood. */
  run(): boolean {
    for (;;) {
      this.#take(/[\s;{}]*/y);
      if (this.#index >= this.#text.length) return true;
      if (!this.#address() || !this.#command()) return false;
    }
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#index;
    const match = pattern.exec(this.#text);
    if (match === null) return undefined;
    this.#index = pattern.lastIndex;
    return match[0];
  }

  #address(): boolean {
    for (let count = 0; count < 2; count += 1) {
      if (this.#take(/\\(?=.)/y) !== undefined || this.#text[this.#index] === "/") {
        if (!this.#delimited(1)) return false;
        this.#take(/[IM]*/y);
      } else this.#take(/[+~]?\d+(?:~\d+)?|\$/y);
      if (this.#take(/\s*,\s*/y) === undefined) break;
    }
    this.#take(/[\s!]*/y);
    return true;
  }

  /** Parts that the same character ends, whatever it is: `s,a,b,`. */
  #delimited(parts: number): boolean {
    const end = this.#text[this.#index] ?? "";
    this.#index += 1;
    if (end === "" || end === "\n" || end === "\\") return false;
    for (let part = 0; part < parts; part += 1) {
      const start = this.#index;
      while (this.#text[this.#index] !== end) {
        if (this.#index >= this.#text.length) return false;
        this.#index += this.#text[this.#index] === "\\" ? 2 : 1;
      }
      // Whether a bracket keeps a delimiter from ending the part depends on the program.
      const bracket = this.#text
        .slice(start, this.#index)
        .replace(/\\[\s\S]/g, "")
        .lastIndexOf("[");
      if (
        part === 0 &&
        bracket !== -1 &&
        !this.#text
          .slice(start, this.#index)
          .replace(/\\[\s\S]/g, "")
          .slice(bracket + 2)
          .includes("]")
      )
        return false;
      this.#index += 1;
    }
    return true;
  }

  #command(): boolean {
    const name = this.#text[this.#index] ?? "";
    this.#index += 1;
    if ("{}=dDgGhHnNpPxFz;".includes(name)) return true;
    if (name === "s") return this.#delimited(2) && this.#substitutionFlags();
    if (name === "y") return this.#delimited(2);
    if (name === ":" || "btTqQlLv".includes(name)) return this.#take(/[^;\n}]*/y) !== undefined;
    const rest = () => (this.#take(/[^\n]*/y) ?? "").trim();
    if (name === "#") return rest() !== undefined;
    if ("aic".includes(name)) return this.#take(/(?:[^\n\\]|\\[\s\S]|\\$)*/y) !== undefined;
    if ("rR".includes(name)) return this.#file(rest(), "reads");
    if ("wW".includes(name)) return this.#file(rest(), "writes");
    return name === "e" && this.#execute(rest());
  }

  #substitutionFlags(): boolean {
    const flags = this.#take(/[gpiImM\de]*/y) ?? "";
    if (flags.includes("e")) return false;
    if (this.#text[this.#index] !== "w") return /[\s;}]|$/y.test(this.#text.slice(this.#index, this.#index + 1));
    this.#index += 1;
    return this.#file((this.#take(/[^\n]*/y) ?? "").trim(), "writes");
  }

  #file(path: string, use: "reads" | "writes"): boolean {
    if (path !== "" && !/^\/dev\/std(?:in|out|err)$/.test(path)) this.#scope.analysis[use].add(normalizePath(path));
    return true;
  }

  /** Without a command it is the line that was read that runs. */
  #execute(command: string): boolean {
    if (command === "") return false;
    this.#scope.runner.text(staticField(command), this.#scope);
    return true;
  }
}
