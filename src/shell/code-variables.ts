import type { Field } from "./field.ts";
import type { Scope } from "./scope.ts";

/** Variables that programs read as a command. */
const COMMANDS: ReadonlySet<string> = new Set(
  "PAGER MANPAGER GIT_PAGER SYSTEMD_PAGER EDITOR VISUAL GIT_EDITOR GIT_SEQUENCE_EDITOR KUBE_EDITOR SUDO_EDITOR FCEDIT GIT_SSH_COMMAND GIT_SSH GIT_EXTERNAL_DIFF GIT_ASKPASS SSH_ASKPASS SUDO_ASKPASS BROWSER LESSOPEN LESSCLOSE PROMPT_COMMAND RSYNC_RSH CVS_RSH MAKESHELL SHELL TAR_RSH GIT_PROXY_COMMAND".split(
    " ",
  ),
);

/** Variables that make programs load code, or that change which program a name is. */
const LOADERS =
  /^(?:LD_(?:PRELOAD|AUDIT|LIBRARY_PATH)|DYLD_\w+|BASH_ENV|ENV|PATH|BASH_FUNC_.*|PS[0-4]|PERL5OPT|PERL5LIB|PERL5DB|RUBYOPT|RUBYLIB|PYTHONSTARTUP|PYTHONPATH|PYTHONHOME|NODE_OPTIONS|NODE_PATH|JAVA_TOOL_OPTIONS|_JAVA_OPTIONS|GCONV_PATH|GIT_EXEC_PATH|GIT_TEMPLATE_DIR|GIT_CONFIG\w*|TERMINFO|HOSTALIASES|LESS|MORE|MANOPT|MAKEFLAGS|VIMINIT|EXINIT|SHELLOPTS|BASHOPTS)$/;

/** Follows what variables make programs run. */
export function runCodeVariables(assignments: Readonly<Record<string, Field>>, scope: Scope): void {
  for (const [name, value] of Object.entries(assignments)) {
    if (COMMANDS.has(name))
      scope.runner.text(value, {
        ...scope,
        wrappedBy: [...scope.wrappedBy, name],
        variables: scope.variables.detached(),
      });
    else if (LOADERS.test(name) && !isHarmless(name, value.text)) scope.analysis.runsUnknown();
  }
}

/**
 * Folders behind those that are searched already take no name away; a size is no code; a prompt without expansions is text, and
 * so is the name of an environment; letters of options start nothing.
 */
function isHarmless(name: string, text: string): boolean {
  if (name === "PATH") return /^\$(?:PATH|\{PATH\})(?::|$)/.test(text);
  if (name === "NODE_OPTIONS") return /^(?:\s*--max[-_]old[-_]space[-_]size=\d+)*\s*$/.test(text);
  if (/^PS\d$/.test(name)) return !/[$`]/.test(text);
  if (name === "ENV") return /^\w*$/.test(text);
  if (/^(?:LESS|MORE|MANOPT|MAKEFLAGS)$/.test(name)) return /^[\s\w-]*$/.test(text);
  return text === "";
}
