import type { Diagnostic } from "../operations/rule-sets/check-rules.ts";

/**
 * A workflow command that puts an annotation on a line of a file.
 * @see https://docs.github.com/actions/reference/workflow-commands-for-github-actions
 */
export function githubCommand(
  severity: "error" | "warning",
  { file, line, column }: Pick<Diagnostic, "file" | "line" | "column">,
  title: string,
  message: string,
): string {
  return `::${severity} file=${property(file)},line=${line},col=${column},title=${property(title)}::${data(message)}\n`;
}

/** SECURITY: a name with a line break in it could otherwise begin a command of its own. */
const data = (text: string) => text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
const property = (text: string) => data(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
