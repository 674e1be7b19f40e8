import { type Finding, pageOf } from "../operations/lint-rules.ts";

/**
 * Workflow commands that put annotations on the lines of the rules.
 * @see https://docs.github.com/actions/reference/workflow-commands-for-github-actions
 */
export function githubLintReport(findings: readonly Finding[], summary: string): string {
  const lines = findings.map(({ severity, file, line, column, id, message }) => {
    const place = `file=${property(file)},line=${line},col=${column},title=${property(id)}`;
    return `::${severity} ${place}::${data(`${message} (${pageOf(id)})`)}\n`;
  });
  return `${lines.join("")}${summary}\n`;
}

/** SECURITY: a name with a line break in it could otherwise begin a command of its own. */
const data = (text: string) => text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
const property = (text: string) => data(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
