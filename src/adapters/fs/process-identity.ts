import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/** Tells one process from every other, past and present, as far as the system lets us know. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly host: string;
  /** Clock ticks from boot to the start of the process: another process with the same pid has another. Linux only. */
  readonly start_ticks?: string;
  /** Changes with every boot. Linux only. */
  readonly boot?: string;
  /** Pids of different namespaces (containers) cannot be compared. Linux only. */
  readonly pid_namespace?: string;
}

export function currentProcess(): ProcessIdentity {
  return {
    pid: process.pid,
    host: hostname(),
    ...present("start_ticks", startTicks(process.pid)),
    ...present("boot", currentBoot()),
    ...present(
      "pid_namespace",
      attempt(() => readlinkSync("/proc/self/ns/pid")),
    ),
  };
}

/** Changes with every boot; undefined where that cannot be told. */
export const currentBoot = () => attempt(() => readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim());

/** "unknown" when the process belongs to another machine or container, whose processes cannot be seen from here. */
export function processState(other: ProcessIdentity): "alive" | "dead" | "unknown" {
  const here = currentProcess();
  if (other.host !== here.host) return "unknown";
  if (other.boot !== here.boot) return "dead";
  if (other.pid_namespace !== here.pid_namespace) return "unknown";
  if (!hasProcess(other.pid)) return "dead";
  return startTicks(other.pid) === other.start_ticks ? "alive" : "dead";
}

function hasProcess(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

/** Field 22 of /proc/pid/stat; the second field, the program's name, may itself hold spaces and brackets. */
function startTicks(pid: number): string | undefined {
  const stat = attempt(() => readFileSync(`/proc/${pid}/stat`, "latin1"));
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
}

function attempt(read: () => string): string | undefined {
  try {
    return read();
  } catch {
    // Not Linux, or the process is gone: not known, which callers can tell from the absent value.
    return undefined;
  }
}

function present<K extends string>(key: K, value: string | undefined): { [P in K]?: string } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]?: string });
}
