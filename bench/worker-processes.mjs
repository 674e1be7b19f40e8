import { readdirSync, readFileSync } from "node:fs";

/** A process and its children: of a service with workers, who starts them and they. */
export function processesOf(pid) {
  const parentOf = (child) =>
    readFileSync(`/proc/${child}/stat`, "utf8")
      .replace(/^.*\) /, "")
      .split(" ")[1];
  const isChild = (child) => {
    try {
      return Number(parentOf(child)) === pid;
    } catch {
      return false;
    }
  };
  return [
    pid,
    ...readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .filter(isChild)
      .map(Number),
  ];
}
