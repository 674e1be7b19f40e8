import { isAbsolute, posix, relative, resolve } from "node:path";
import type { Diagnostic } from "../../operations/rule-sets/check-rules.ts";
import type { CliDeps } from "../deps.ts";
import type { Paint } from "../paint.ts";
import { printable } from "../printable.ts";

/** A directory of rules: where it is, and how to call it so that a person, an editor or CI finds its files. */
export interface RulesPlace {
  readonly dir: string;
  readonly shown: string;
}

/** @param given as on the command line; undefined is the default */
export function rulesPlace({ cwd, defaultRulesDir }: CliDeps, given: string | undefined): RulesPlace {
  if (given !== undefined) return { dir: resolve(cwd, given), shown: given };
  const below = relative(cwd, defaultRulesDir);
  const isInside = below !== "" && !below.startsWith("..") && !isAbsolute(below);
  return { dir: defaultRulesDir, shown: isInside ? below : defaultRulesDir };
}

/** The same with a path that is right where the command was started. */
export function located<T extends { readonly file: string }>(placed: T, { shown }: RulesPlace): T {
  return { ...placed, file: placed.file === "." ? shown : posix.join(shown, placed.file) };
}

/** `file:line:column: error: message [code]`, one line each. */
export function formatDiagnostics(diagnostics: readonly Diagnostic[], paint: Paint): string {
  return diagnostics
    .map(({ file, line, column, severity, message, code }) => {
      const kind = severity === "error" ? paint.bad(severity) : paint.attention(severity);
      return `${printable(file)}:${line}:${column}: ${kind}: ${printable(message)} ${paint.quiet(`[${code}]`)}\n`;
    })
    .join("");
}
