import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type DataDirectory, describeDirectoryFault, openDataDirectory } from "./data-directory.ts";
import { currentProcess } from "./process-identity.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const root = mkdtempSync(join(tmpdir(), "verdict-data-"));
chmodSync(root, 0o755);
let path: string;
let lock: string;
let count = 0;
const opened: DataDirectory[] = [];
const children: ChildProcess[] = [];

beforeEach(() => {
  count += 1;
  path = join(root, String(count), "nested", "data");
  lock = join(path, "verdict.lock");
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  await Promise.all(opened.splice(0).map((each) => each.close()));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

async function open(): Promise<DataDirectory> {
  const directory = await openDataDirectory(path);
  opened.push(directory);
  return directory;
}

function leaveLock(holder: Record<string, unknown>): void {
  mkdirSync(path, { recursive: true });
  writeFileSync(lock, JSON.stringify({ ...currentProcess(), started_at: Date.UTC(2026, 0, 1), ...holder }));
}

/** Real processes need real JavaScript: this module and what it imports, compiled once. */
const program = join(root, "program.mjs");
beforeAll(() => {
  const source = join(dirname(fileURLToPath(import.meta.url)), "data-directory.ts");
  const compiled = join(root, "compiled");
  writeFileSync(
    join(root, "tsconfig.json"),
    JSON.stringify({
      extends: join(ROOT, "tsconfig.json"),
      compilerOptions: {
        noEmit: false,
        outDir: compiled,
        rootDir: dirname(source),
        types: ["node"],
        typeRoots: [join(ROOT, "node_modules/@types")],
      },
      files: [source],
      include: [],
    }),
  );
  writeFileSync(join(root, "package.json"), '{"type":"module"}');
  execFileSync(process.execPath, [join(ROOT, "node_modules/typescript/bin/tsc"), "-p", root], { stdio: "pipe" });
  writeFileSync(
    program,
    `import { openDataDirectory } from ${JSON.stringify(join(compiled, "data-directory.js"))};
     process.stdin.once("data", () => openDataDirectory(process.argv[2]).then(
       () => console.log("opened"), (error) => { console.log("refused " + error.message); process.exit(0); }));
     console.log("ready");`,
  );
});

/** Another process that opens the folder when told to, and keeps it until it is killed. */
async function competitor(options: { uid?: number; gid?: number } = {}) {
  const child = spawn(process.execPath, [program, path], { ...options, cwd: "/", stdio: ["pipe", "pipe", "inherit"] });
  children.push(child);
  let output = "";
  let wake = () => {};
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
    wake();
  });
  const line = async (n: number) => {
    while (output.split("\n").length <= n + 1) await new Promise<void>((resolve) => (wake = resolve));
    return output.split("\n")[n]!;
  };
  await line(0);
  return { child, go: () => child.stdin.write("go\n"), answer: () => line(1) };
}

async function killed(child: ChildProcess): Promise<void> {
  const exited = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await exited;
}

describe("openDataDirectory", () => {
  it("creates the folder for its owner only, with a lock that names this process", async () => {
    await open();
    expect(statSync(path).mode & 0o777).toBe(0o700);
    expect(JSON.parse(readFileSync(lock, "utf8"))).toMatchObject({ pid: process.pid, host: hostname() });
    expect(readdirSync(path)).toEqual(["verdict.lock"]);
  });

  it("gives the folder free on close, and closes twice", async () => {
    const first = await open();
    await first.close();
    await first.close();
    expect(existsSync(lock)).toBe(false);
    const second = await open();
    await first.close();
    expect(existsSync(lock)).toBe(true);
    await second.close();
  });

  it("refuses a second opening, and says who holds the folder, since when, where, and what to do", async () => {
    const holder = await open();
    await holder.announce("http://127.0.0.1:8181");
    const since = new Date(JSON.parse(readFileSync(lock, "utf8")).started_at).toISOString();
    const refused = await openDataDirectory(path).catch((error: Error) => error.message);
    expect(refused).toBe(
      `the data directory ${path} is in use by process ${process.pid} since ${since}, listening on http://127.0.0.1:8181: ` +
        "stop that process, or set VERDICT_DATA_DIR to another folder",
    );
  });

  it("refuses a second process, and takes the folder over once the first was killed", async () => {
    const first = await competitor();
    first.go();
    expect(await first.answer()).toBe("opened");
    await expect(openDataDirectory(path)).rejects.toThrow(`in use by process ${first.child.pid} since`);
    await killed(first.child);
    await open();
    expect(JSON.parse(readFileSync(lock, "utf8"))).toMatchObject({ pid: process.pid });
  });

  it("takes over from a process whose pid another one has by now", async () => {
    leaveLock({ start_ticks: "1" });
    await open();
  });

  it("takes over from before the machine was started", async () => {
    leaveLock({ boot: "another boot" });
    await open();
  });

  it("does not take over from a machine or container that still gives signs of life", async () => {
    leaveLock({ host: "elsewhere", pid: 1 });
    await expect(open()).rejects.toThrow(/process 1 on elsewhere .*start again in a minute or remove/);
    leaveLock({ pid_namespace: "pid:[1]" });
    await expect(open()).rejects.toThrow("in use by process");
  });

  it("takes over from a machine or container that gave no sign of life for more than a minute", async () => {
    leaveLock({ host: "elsewhere", pid: 1 });
    utimesSync(lock, new Date(), new Date(Date.now() - 61_000));
    await open();
  });

  it("treats a lock file that cannot be read as held, until it is a minute old", async () => {
    mkdirSync(path, { recursive: true });
    writeFileSync(lock, "");
    await expect(open()).rejects.toThrow("in use by an unknown process");
    utimesSync(lock, new Date(), new Date(Date.now() - 61_000));
    await open();
  });

  it("takes over although a process died in the middle of taking over", async () => {
    leaveLock({ start_ticks: "1" });
    writeFileSync(`${lock}.takeover`, readFileSync(lock));
    await open();
    expect(readdirSync(path)).toEqual(["verdict.lock"]);
  });

  it("lets exactly one of several processes win that race for a stale lock, again and again", async () => {
    for (let round = 0; round < 4; round += 1) {
      leaveLock({ start_ticks: "1" });
      if (round % 2 === 1) writeFileSync(`${lock}.takeover`, readFileSync(lock));
      const competitors = await Promise.all(Array.from({ length: 5 }, () => competitor()));
      for (const each of competitors) each.go();
      const answers = await Promise.all(competitors.map((each) => each.answer()));
      expect(answers.filter((answer) => answer === "opened")).toHaveLength(1);
      const winner = competitors[answers.indexOf("opened")]!;
      expect(JSON.parse(readFileSync(lock, "utf8"))).toMatchObject({ pid: winner.child.pid });
      for (const answer of answers.filter((each) => each !== "opened")) expect(answer).toContain("in use by process");
      await Promise.all(competitors.map(({ child }) => (child.exitCode === null ? killed(child) : undefined)));
    }
  });

  it("lets exactly one of several processes win that race for a new folder", async () => {
    const competitors = await Promise.all(Array.from({ length: 5 }, () => competitor()));
    for (const each of competitors) each.go();
    const answers = await Promise.all(competitors.map((each) => each.answer()));
    expect(answers.filter((answer) => answer === "opened")).toHaveLength(1);
  });

  it("says when there is a file in the folder's place", async () => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, "");
    await expect(open()).rejects.toThrow(`${path} cannot be a folder because there is a file in its place`);
    path = join(path, "below");
    await expect(open()).rejects.toThrow(`${path} cannot be a folder`);
  });

  it("says when the folder is not writable, and for whom", async () => {
    mkdirSync(path, { recursive: true });
    chmodSync(path, 0o555);
    const isRoot = process.getuid?.() === 0;
    const other = await competitor(isRoot ? { uid: 65534, gid: 65534 } : {});
    other.go();
    const user = isRoot ? 65534 : process.getuid?.();
    expect(await other.answer()).toContain(`${path} is not writable for user ${user}: change its owner`);
    chmodSync(path, 0o700);
  });

  it("says when the disk is full or read-only", () => {
    const fault = (code: string) => describeDirectoryFault("/data", Object.assign(new Error(code), { code }));
    expect(fault("ENOSPC")).toBe(
      "the disk of the data directory /data is full: free some space, or set VERDICT_DATA_DIR to a folder on another disk",
    );
    expect(fault("EROFS")).toContain("is not writable");
    expect(fault("EIO")).toBe("the data directory /data cannot be used: EIO");
  });
});
