import { type Finding, pageOf } from "../../operations/rule-sets/lint-rules.ts";
import { githubCommand } from "../github-command.ts";

/** Annotations on the lines of the rules. */
export function githubLintReport(findings: readonly Finding[], summary: string): string {
  const commands = findings.map((finding) =>
    githubCommand(finding.severity, finding, finding.id, `${finding.message} (${pageOf(finding.id)})`),
  );
  return `${commands.join("")}${summary}\n`;
}
