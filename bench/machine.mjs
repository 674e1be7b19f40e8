import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus, loadavg, release, totalmem, type } from "node:os";

/** What a reader has to know of the run beside its numbers: machine, versions, and how busy others kept it. */
export function describeMachine() {
  const cores = cpus();
  return [
    `${cores.length} x ${cores[0]?.model.trim() ?? "unknown processor"}, ${(totalmem() / 1e9).toFixed(0)} GB, ${type()} ${/^\d+\.\d+/.exec(release())?.[0] ?? ""}`,
    `Verdict ${versionOfVerdict()}, Node ${process.version}`,
    `load average before: ${loadavg()[0].toFixed(2)}; ${new Date().toISOString().slice(0, 10)}`,
  ];
}

function versionOfVerdict() {
  const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  try {
    const options = { cwd: new URL("..", import.meta.url), encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] };
    return `${version} (${execFileSync("git", ["rev-parse", "--short", "HEAD"], options).trim()})`;
  } catch {
    return version;
  }
}
