import type { ShellCommand } from "./types.ts";

/** Whether any pipeline feeds a program of that name, also through wrappers: `curl u | sudo sh` feeds `sh`. */
export function pipesTo(command: ShellCommand, program: string): boolean {
  return command.commands.some((invocation) => invocation.program === program && invocation.piped_from.length > 0);
}

export function runs(command: ShellCommand, program: string): boolean {
  return command.programs.includes(program);
}
