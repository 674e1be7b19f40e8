import { z } from "zod";
import { AppError } from "../model/errors.ts";
import { CHECK_LIMITS } from "../model/limits.ts";
import type { Diagnostic, RuleSource } from "../operations/rule-sets/run-dry-run.ts";

const RULES = { suffix: /\.ya?ml$/, not: /\.test\.ya?ml$/, example: "payments.yaml" } as const;
const FIXTURES = { suffix: /\.test\.ya?ml$/, not: undefined, example: "payments.test.yaml" } as const;
type Kind = typeof RULES | typeof FIXTURES;

export const ruleFilesSchema = filesSchema(RULES, "RuleFile", "A rule file, as it would be in the rules directory.");
export const fixtureFilesSchema = filesSchema(
  FIXTURES,
  "FixtureFile",
  "A fixture file; docs/fixtures.md says what is in it.",
);

function filesSchema(kind: Kind, id: string, description: string) {
  const path = z
    .string()
    .superRefine((value, context) => {
      const message = pathFault(value, kind);
      if (message !== undefined) context.addIssue({ code: "custom", message });
    })
    .meta({
      description: `Relative, with forward slashes; at most ${CHECK_LIMITS.pathCharactersMax} characters.`,
      examples: [kind.example],
    });
  const file = z.strictObject({ path, content: z.string().meta({ description: "The text of the file." }) });
  return z
    .array(file.meta({ id, description }))
    .min(1)
    .max(CHECK_LIMITS.filesMax)
    .superRefine((files, context) => {
      const seen = new Set<string>();
      for (const [at, { path }] of files.entries()) {
        if (seen.has(path))
          context.addIssue({
            code: "custom",
            path: [at, "path"],
            message: "given twice; each file has a name of its own",
          });
        seen.add(path);
      }
    });
}

/**
 * Nothing is written to a disk or read from one, but a name that would not be loaded from the rules directory says that the
 * bundle is not what its author thinks it is.
 */
function pathFault(path: string, { suffix, not, example }: Kind): string | undefined {
  const { pathCharactersMax } = CHECK_LIMITS;
  if (path === "" || path.length > pathCharactersMax) return `must have 1 to ${pathCharactersMax} characters`;
  // Those too that a terminal or a page does not show, or that turn what it shows round.
  if (/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(path)) return "must not contain control characters";
  if (path.includes("\\")) return "must have forward slashes";
  if (path.startsWith("/") || /^[A-Za-z]:/.test(path)) return "must be relative, not absolute";
  const parts = path.split("/");
  if (parts.includes("..") || parts.includes(".")) return "must not contain `.` or `..`: it would lead elsewhere";
  if (parts.includes("")) return "must not have an empty part";
  if (parts.some((part) => part.startsWith("."))) return "must not begin with a dot: such names are not loaded";
  if (!suffix.test(path)) return `must end like \`${example}\``;
  return not?.test(path) === true ? "must not end in `.test.yaml`: that is a fixture file" : undefined;
}

/** The files of a request, by the member that they are in. */
export interface BundleFiles {
  readonly rules?: readonly RuleSource[] | undefined;
  readonly fixtures?: readonly RuleSource[];
}

/** What is wrong with files that were sent: each fault where it stands in the file, and by a pointer to the file. */
export function bundleProblem(
  code: "rules_invalid" | "fixtures_invalid",
  files: BundleFiles,
  diagnostics: readonly Diagnostic[],
): AppError {
  const pointers = new Map<string, string>();
  for (const member of ["rules", "fixtures"] as const)
    for (const [at, { path }] of (files[member] ?? []).entries()) pointers.set(path, `/${member}/${at}/content`);
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  const shown = errors.slice(0, CHECK_LIMITS.diagnosticsMax);
  const faults = shown.map(({ file, line, column, message }) => ({
    pointer: pointers.get(file) ?? "",
    detail: `${file}:${line}:${column}: ${message}`,
  }));
  const what = code === "rules_invalid" ? "rules" : "fixtures";
  const count = errors.length === 1 ? "an error" : `${errors.length} errors`;
  const rest = shown.length < errors.length ? `; the first ${shown.length} are listed` : "";
  const detail = `The ${what} have ${count}, so nothing was run${rest}.`;
  return new AppError(code, detail, { faults, extensions: { diagnostics: shown } });
}
