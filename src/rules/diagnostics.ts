import type { Diagnostic } from "./types.ts";
import { LineMap } from "./yaml-position.ts";

/** The one order in which diagnostics are shown: file, line, column, then errors first, then code and message. */
export function sortDiagnostics(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  return [...diagnostics].sort(
    (a, b) =>
      compareText(a.file, b.file) ||
      a.line - b.line ||
      a.column - b.column ||
      compareText(a.severity, b.severity) ||
      compareText(a.code, b.code) ||
      compareText(a.message, b.message),
  );
}

/** By UTF-16 unit: the same on every machine, whatever its locale. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Collects the problems of one file; offsets become lines and columns. */
export class FileReport {
  readonly path: string;
  readonly source: string;
  readonly diagnostics: Diagnostic[] = [];
  /** Full id of the rule that is being read, once it is known. */
  ruleId: string | undefined;
  /** How many errors there are so far. */
  errors = 0;
  #lines: LineMap | undefined;

  constructor(path: string, source: string) {
    this.path = path;
    this.source = source;
  }

  error(code: string, offset: number, message: string): void {
    this.errors += 1;
    this.#add("error", code, offset, message);
  }

  warn(code: string, offset: number, message: string): void {
    this.#add("warning", code, offset, message);
  }

  position(offset: number): { file: string; line: number; column: number } {
    this.#lines ??= new LineMap(this.source);
    return { file: this.path, ...this.#lines.at(offset) };
  }

  #add(severity: Diagnostic["severity"], code: string, offset: number, message: string): void {
    const about = this.ruleId === undefined ? {} : { rule_id: this.ruleId };
    this.diagnostics.push({ ...this.position(offset), severity, code, message, ...about });
  }
}
