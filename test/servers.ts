import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createConnection, createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import postgres from "postgres";

/** A real server on a private port with a temporary folder, for tests that take it down and up again. */
export interface TestServer {
  readonly url: string;
  /** Starts it again on the same port with the same data; resolves when it answers. */
  start(): Promise<void>;
  /** Takes it down; SIGKILL is a crash, SIGSTOP makes it hang. Resolves when the process is gone (or stopped). */
  stop(signal?: "SIGTERM" | "SIGKILL" | "SIGSTOP"): Promise<void>;
  /** Lets a server go on that was stopped with SIGSTOP. */
  resume(): void;
  /** Ends it for good and removes its folder. */
  close(): Promise<void>;
}

/** Thrown when a server's programs are not on this machine; the message says which. */
export class ServerMissing extends Error {
  override readonly name = "ServerMissing";
}

const PASSWORD = "not-a-secret";

/** @throws ServerMissing */
export async function startPostgres(): Promise<TestServer> {
  const bin = findPostgres();
  const owner = unprivilegedUser();
  const folder = temporaryFolder("verdict-postgres-", owner);
  const data = join(folder, "data");
  const passwordFile = join(folder, "password");
  writeFileSync(passwordFile, PASSWORD, { mode: 0o644 });
  const init = ["-D", data, "-N", "-U", "verdict", "-A", "scram-sha-256", `--pwfile=${passwordFile}`];
  execFileSync(join(bin, "initdb"), [...init, "-E", "UTF8", "--locale=C.UTF-8"], {
    ...owner,
    stdio: "pipe",
    cwd: folder,
  });

  const port = await freePort();
  // Without fsync, but with synchronous commits: what was confirmed survives SIGKILL, as on a real server.
  const settings = { fsync: "off", full_page_writes: "off", shared_buffers: "32MB" };
  const flags = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const command = ["-D", data, "-p", String(port), "-h", "127.0.0.1", "-k", folder, ...flags];
  const url = `postgres://verdict:${PASSWORD}@127.0.0.1:${port}/postgres`;
  return serve({
    url,
    folder,
    spawn: () => spawn(join(bin, "postgres"), command, { ...owner, cwd: folder, stdio: "ignore" }),
    answers: () => postgresAnswers(url),
  });
}

/**
 * @param settings as on the command line of `redis-server`; it keeps nothing over a restart unless they say so
 * @throws ServerMissing
 */
export async function startRedis(settings: Readonly<Record<string, string>> = {}): Promise<TestServer> {
  const program = findInPath("redis-server");
  if (program === undefined) throw new ServerMissing("redis-server is not in PATH");
  const folder = temporaryFolder("verdict-redis-", {});
  const port = await freePort();
  const all = { port: String(port), bind: "127.0.0.1", dir: folder, save: "", appendonly: "no", ...settings };
  const command = Object.entries(all).flatMap(([name, value]) => [`--${name}`, value]);
  const url = `redis://127.0.0.1:${port}`;
  return serve({
    url,
    folder,
    spawn: () => spawn(program, command, { stdio: "ignore" }),
    answers: () => redisAnswers(port),
  });
}

/**
 * PgBouncer in front of a PostgreSQL, as docs/deployment.md says that it may stand there. Its URL names the same database.
 * @throws ServerMissing
 */
export async function startPgBouncer(serverUrl: string): Promise<TestServer> {
  const program = findInPath("pgbouncer");
  if (program === undefined) throw new ServerMissing("pgbouncer is not in PATH");
  const owner = unprivilegedUser();
  const folder = temporaryFolder("verdict-pgbouncer-", owner);
  const port = await freePort();
  const server = new URL(serverUrl);
  const users = join(folder, "users.txt");
  writeFileSync(users, `"${server.username}" "${decodeURIComponent(server.password)}"\n`, { mode: 0o644 });
  const lines = [
    ...["[databases]", `* = host=${server.hostname} port=${server.port || 5432}`, "[pgbouncer]"],
    ...["listen_addr = 127.0.0.1", `listen_port = ${port}`, "unix_socket_dir ="],
    ...["auth_type = trust", `auth_file = ${users}`, "pool_mode = session"],
  ];
  const file = join(folder, "pgbouncer.ini");
  writeFileSync(file, `${lines.join("\n")}\n`, { mode: 0o644 });
  const url = Object.assign(new URL(serverUrl), { host: `127.0.0.1:${port}` }).href;
  return serve({
    url,
    folder,
    spawn: () => spawn(program, ["-q", file], { ...owner, cwd: folder, stdio: "ignore" }),
    answers: () => postgresAnswers(url),
  });
}

/** Makes an empty database on the server of `serverUrl`, with a linguistic collation where the server can. */
export async function createTestDatabase(serverUrl: string): Promise<{ url: string; drop(): Promise<void> }> {
  const name = `verdict_test_${process.pid}_${Math.random().toString(36).slice(2, 10)}`;
  await withClient(serverUrl, async (client) => {
    // Sorts "a" before "B", unlike bytes do: shows whether ids depend on the database's collation.
    const icu = `create database ${name} template template0 encoding utf8 locale_provider icu icu_locale 'en-US'`;
    await client.unsafe(icu).catch(() => client.unsafe(`create database ${name}`));
  });
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  const drop = () => withClient(serverUrl, (client) => client.unsafe(`drop database if exists ${name} with (force)`));
  return { url: url.href, drop };
}

interface Service {
  readonly url: string;
  readonly folder: string;
  readonly spawn: () => ChildProcess;
  readonly answers: () => Promise<boolean>;
}

async function serve(service: Service): Promise<TestServer> {
  let child: ChildProcess | undefined;
  const killNow = () => void child?.kill("SIGKILL");
  process.on("exit", killNow);

  async function start(): Promise<void> {
    const deadline = Date.now() + 30_000;
    while (Date.now() < deadline) {
      // A crashed PostgreSQL's children hold its memory for a moment, and the new one gives up at once: try again.
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) child = service.spawn();
      if (await service.answers()) return;
      await pause(20);
    }
    throw new Error(`the server of ${service.folder} does not answer`);
  }

  async function stop(signal: "SIGTERM" | "SIGKILL" | "SIGSTOP" = "SIGTERM"): Promise<void> {
    const stopping = child;
    if (stopping === undefined || stopping.exitCode !== null || stopping.signalCode !== null) return;
    if (signal === "SIGSTOP") {
      signalTree(stopping, signal);
      return;
    }
    const exited = new Promise((resolve) => stopping.once("exit", resolve));
    // PostgreSQL's SIGTERM waits for clients to leave; SIGINT is its orderly way not to.
    stopping.kill(signal === "SIGTERM" ? "SIGINT" : signal);
    await exited;
  }

  await start();
  return {
    url: service.url,
    start,
    stop,
    resume: () => child !== undefined && signalTree(child, "SIGCONT"),
    async close() {
      if (child !== undefined) signalTree(child, "SIGCONT");
      await stop();
      process.off("exit", killNow);
      rmSync(service.folder, { recursive: true, force: true });
    },
  };
}

/** PostgreSQL answers through one child process per connection, so a hang has to reach those as well. */
function signalTree(child: ChildProcess, signal: NodeJS.Signals): void {
  const pid = child.pid;
  if (pid === undefined) return;
  const children = `/proc/${pid}/task/${pid}/children`;
  const list = existsSync(children) ? execFileSync("cat", [children], { encoding: "utf8" }) : "";
  for (const each of [pid, ...list.split(" ").filter(Boolean).map(Number)]) {
    try {
      process.kill(each, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }
}

async function postgresAnswers(url: string): Promise<boolean> {
  return withClient(url, (client) => client`select 1`).then(
    () => true,
    () => false,
  );
}

async function withClient<T>(url: string, work: (client: postgres.Sql) => PromiseLike<T>): Promise<void> {
  const client = postgres(url, { max: 1, connect_timeout: 5, onnotice: () => {} });
  try {
    await work(client);
  } finally {
    await client.end({ timeout: 0 });
  }
}

function redisAnswers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, "127.0.0.1", () => socket.write("PING\r\n"));
    const finish = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.on("data", (data) => finish(data.toString().startsWith("+PONG")));
    socket.on("error", () => finish(false));
    socket.on("close", () => finish(false));
  });
}

/** Debian keeps PostgreSQL's programs out of PATH, one folder for each version. */
function findPostgres(): string {
  const debian = "/usr/lib/postgresql";
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [
    ...versions.map((version) => join(debian, version, "bin")),
    ...(process.env.PATH ?? "").split(delimiter),
  ];
  const found = folders.find((folder) => existsSync(join(folder, "initdb")) && existsSync(join(folder, "postgres")));
  if (found === undefined) throw new ServerMissing("PostgreSQL's initdb and postgres are not on this machine");
  return found;
}

function findInPath(program: string): string | undefined {
  const candidates = (process.env.PATH ?? "").split(delimiter).map((folder) => join(folder, program));
  return candidates.find((candidate) => existsSync(candidate));
}

/** PostgreSQL refuses to run as root. */
function unprivilegedUser(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  for (const name of ["postgres", "nobody"]) {
    try {
      const read = (flag: string) => Number(execFileSync("id", [flag, name], { encoding: "utf8", stdio: "pipe" }));
      return { uid: read("-u"), gid: read("-g") };
    } catch {
      // No such user: the next one.
    }
  }
  throw new ServerMissing("there is no unprivileged user to run PostgreSQL as");
}

function temporaryFolder(prefix: string, owner: { uid?: number; gid?: number }): string {
  const folder = mkdtempSync(join(tmpdir(), prefix));
  if (owner.uid !== undefined && owner.gid !== undefined) chownSync(folder, owner.uid, owner.gid);
  return folder;
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}
