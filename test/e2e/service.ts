import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, afterEach, beforeEach, vi } from "vitest";
import type { DecisionRecord, EventRecord } from "../../src/audit/index.ts";
import type { EvaluateResponse } from "../../src/model/response.ts";
import type { InitialKeys } from "../../src/operations/keys/create-initial-keys.ts";
import { packageRoot } from "../../src/package-root.ts";
import { createHttpClient, type HttpClient } from "./http-client.ts";
import { smallRules, temporaryFolder } from "./temporary-folder.ts";
import { InVain, waitFor } from "./wait-for.ts";

export interface ServiceOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** A fresh one when absent. */
  readonly dataDir?: string;
  /** One rule, which allows `crm.get_customer`, when absent. */
  readonly rulesDir?: string;
  readonly listen?: string;
  /** It runs as a user's would, whatever its start costs. */
  readonly isMeasured?: boolean;
  /** What to wait for: that it can decide (default), or only that it answers. */
  readonly until?: "ready" | "listening";
  /** Run as somebody else. */
  readonly user?: { readonly uid: number; readonly gid: number };
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Everything that went to standard output and standard error, mixed as it came. */
  readonly output: string;
}

/** As the audit routes show a record: `time` is RFC 3339. */
export type ShownRecord = (Omit<DecisionRecord, "time"> | Omit<EventRecord, "time">) & { readonly time: string };

export interface AuditPage {
  readonly items: readonly ShownRecord[];
  readonly next_cursor: string | null;
}

/** The built service in a process of its own. */
export interface TestedService extends Pick<HttpClient, "call"> {
  readonly pid: number;
  /** `http://127.0.0.1:<port>` or `unix:<path>`. */
  readonly url: string;
  readonly dataDir: string;
  /** What the first start wrote. Shared by the replicas of a database when `useKeys` told them. */
  readonly keys: InitialKeys;
  /** For a replica that did not make the first keys. */
  useKeys(keys: InitialKeys): void;
  readonly output: string;
  /** @param key the agent's when absent */
  evaluate(body: object, key?: string): Promise<EvaluateResponse>;
  readonly isReady: () => Promise<boolean>;
  /** All records that match, oldest first. @param query such as `session_id=a` */
  auditRecords(query?: string): Promise<ShownRecord[]>;
  signal(signal: NodeJS.Signals): void;
  readonly ended: Promise<Exit>;
  /** Sends the signal and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<Exit>;
  /** SIGKILL, as a crash would be. */
  kill(): Promise<Exit>;
}

// A start takes a second of processor time, and a small machine runs two of these files at once.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const MAIN = join(packageRoot, "dist", "main.js");

/** PGlite is compiled once, not a second time for speed: most of these services end before that would pay. */
const SHORT_LIVED = ["--liftoff-only"];

/** Kills what it knows; everything that was started is known here until it has ended. */
const running = new Map<ChildProcess, { readonly isOfTest: boolean; readonly ended: Promise<Exit> }>();
let isInTest = false;
async function killAll(isMeant: (of: { readonly isOfTest: boolean }) => boolean): Promise<void> {
  const meant = [...running].filter(([, of]) => isMeant(of));
  for (const [child] of meant) child.kill("SIGKILL");
  await Promise.all(meant.map(([, { ended }]) => ended));
}
process.on("exit", () => void killAll(() => true));
// A service that a test started ends with it, one that a suite started with the file.
beforeEach(() => {
  isInTest = true;
});
afterEach(async () => {
  isInTest = false;
  await killAll(({ isOfTest }) => isOfTest);
});
afterAll(() => killAll(() => true));

/** Starts the built service on a free port. @throws Error with its output when it ends instead */
export async function startService(options: ServiceOptions = {}): Promise<TestedService> {
  const dataDir = options.dataDir ?? join(temporaryFolder(), "data");
  const { child, output, ended } = spawnService({ ...options, dataDir });
  const url = await waitFor("the service does not listen", () => {
    failIfEnded(child, output());
    return /"url":"([^"]+)"[^\n]*"msg":"listening"/.exec(output())?.[1];
  });
  const client = createHttpClient(url);
  void ended.then(() => client.close());
  let keys: InitialKeys | undefined;

  const service: TestedService = {
    pid: child.pid!,
    url,
    dataDir,
    call: client.call,
    get keys() {
      keys ??= JSON.parse(readFileSync(join(dataDir, "initial-keys.json"), "utf8")) as InitialKeys;
      return keys;
    },
    useKeys: (others) => {
      keys = others;
    },
    get output() {
      return output();
    },
    async evaluate(body, key = service.keys.agent) {
      const answer = await client.call<EvaluateResponse>("POST", "/v1/policy/evaluate", { key, body });
      if (answer.status !== 200) throw new Error(`evaluate: ${answer.status} ${JSON.stringify(answer.body)}`);
      return answer.body;
    },
    isReady: async () => (await client.call("GET", "/readyz")).status === 200,
    async auditRecords(query = "") {
      const records: ShownRecord[] = [];
      for (let cursor: string | null = ""; cursor !== null; ) {
        const page: AuditPage = await auditPage(client, service.keys.admin, `${query}&limit=500${cursor}`);
        records.push(...page.items);
        cursor = page.next_cursor === null ? null : `&cursor=${page.next_cursor}`;
      }
      return records.reverse();
    },
    signal: (signal) => void child.kill(signal),
    ended,
    async stop(signal = "SIGTERM") {
      child.kill(signal);
      return ended;
    },
    async kill() {
      child.kill("SIGKILL");
      return ended;
    },
  };
  if (options.until !== "listening") {
    await waitFor("the service does not get ready", () => {
      failIfEnded(child, output());
      return service.isReady();
    });
  }
  return service;
}

/** For starts that are meant to fail. */
export function runToEnd(options: ServiceOptions = {}): Promise<Exit> {
  return spawnService({ ...options, dataDir: options.dataDir ?? join(temporaryFolder(), "data") }).ended;
}

/** Starts it, and kills it so many milliseconds later, wherever its start is by then. */
export async function killDuringStart(options: ServiceOptions & { dataDir: string }, afterMs: number): Promise<Exit> {
  const { child, ended } = spawnService(options);
  await pause(afterMs);
  child.kill("SIGKILL");
  return ended;
}

function spawnService(options: ServiceOptions & { dataDir: string }) {
  if (!existsSync(MAIN))
    throw new Error(`${MAIN} is not there: \`npm run build\` makes it, and \`npm test\` calls that`);
  const child = spawn(process.execPath, [...(options.isMeasured === true ? [] : SHORT_LIVED), MAIN, "serve"], {
    ...options.user,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      PATH: process.env.PATH,
      VERDICT_LISTEN: options.listen ?? "127.0.0.1:0",
      VERDICT_DATA_DIR: options.dataDir,
      VERDICT_RULES_DIR: options.rulesDir ?? smallRules(),
      // A busy machine makes requests wait, which is overload to the service and no fault of what is tested.
      VERDICT_QUEUE_MS_MAX: "10000",
      ...options.env,
    },
  });
  let output = "";
  const collect = (chunk: Buffer) => {
    output += chunk;
  };
  child.stdout.on("data", collect);
  child.stderr.on("data", collect);
  const ended = new Promise<Exit>((resolve, reject) => {
    child.once("error", reject);
    // "close", not "exit": by then the output is complete.
    child.once("close", (code, signal) => {
      running.delete(child);
      resolve({ code, signal, output });
    });
  });
  running.set(child, { isOfTest: isInTest, ended });
  return { child, output: () => output, ended };
}

function failIfEnded(child: ChildProcess, output: string): void {
  const { exitCode, signalCode } = child;
  if (exitCode !== null || signalCode !== null)
    throw new InVain(`the service ended with ${exitCode ?? signalCode}:\n${output}`);
}

async function auditPage(client: HttpClient, key: string, query: string): Promise<AuditPage> {
  const { status, body } = await client.call<AuditPage>("GET", `/v1/audit?${query.replace(/^&/, "")}`, { key });
  if (status !== 200) throw new Error(`audit: ${status} ${JSON.stringify(body)}`);
  return body;
}
