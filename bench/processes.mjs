import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import postgres from "postgres";
import { freePort } from "../scripts/free-port.mjs";

const ROOT = new URL("..", import.meta.url).pathname;
/** Linux counts CPU time in ticks of 10 ms. */
const TICK_US = 10_000;

/**
 * For what is loaded in a closed loop: on a busy machine requests wait, and while the database is away so do their records;
 * what is measured is their cost, so none is refused. What is refused by default is what `overload.mjs` measures.
 */
export const PATIENT = { VERDICT_QUEUE_MS_MAX: "10000", VERDICT_AUDIT_SPOOL_BYTES_MAX: "64GiB" };

/** As `npm start` and the container image have it. */
const NODE_OPTIONS = ["--max-semi-space-size=16"];

/** User and system time of a process, in microseconds. */
export function cpuOf(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /, "")
    .split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_US;
}

/** Resident memory of a process, in MB of 10^6 bytes. */
export function rssOf(pid) {
  return (Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) * 1024) / 1e6;
}

export async function startBare() {
  const child = spawn(process.execPath, [join(ROOT, "bench/bare-server.mjs")], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [port] = await new Promise((resolve) => child.stdout.once("data", (text) => resolve(String(text).split("\n"))));
  return { pid: child.pid, url: `http://127.0.0.1:${port}`, headers: {}, stop: () => ended(child) };
}

/**
 * Starts the built service on an empty data directory, or again on one that it left.
 * @param sources rule files
 * @returns also the milliseconds to the first answer of the process and to its first decision
 */
export async function startVerdict({
  sources,
  env = {},
  nodeOptions = NODE_OPTIONS,
  entry = ["dist/main.js", "serve"],
  directory = mkdtempSync(join(tmpdir(), "verdict-bench-")),
}) {
  mkdirSync(join(directory, "rules"), { recursive: true });
  for (const { path, content } of sources) writeFileSync(join(directory, "rules", path), content);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const started = performance.now();
  const child = spawn(process.execPath, [...nodeOptions, ...entry], {
    cwd: ROOT,
    stdio: ["ignore", "ignore", "inherit"],
    env: {
      PATH: process.env.PATH,
      VERDICT_LISTEN: `127.0.0.1:${port}`,
      VERDICT_DATA_DIR: join(directory, "data"),
      VERDICT_RULES_DIR: join(directory, "rules"),
      VERDICT_LOG_LEVEL: "silent",
      ...env,
    },
  });
  const since = () => performance.now() - started;
  await untilReady(`${url}/healthz`, child);
  const firstAnswerMs = since();
  await untilReady(`${url}/readyz`, child);
  const readyMs = since();
  const keys = await until(() => JSON.parse(readFileSync(join(directory, "data/initial-keys.json"), "utf8")), child);
  return {
    pid: child.pid,
    url,
    directory,
    keys,
    headers: { authorization: `Bearer ${keys.agent}` },
    firstAnswerMs,
    readyMs,
    stop: () => ended(child),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

/** Audit records that are not yet in the database, of all workers. */
export const spooledBy = (server) => sumOf(server, /^verdict_audit_spool_records(?:\{.*\})? (\d+)$/gm);

/** @throws when decisions could not be recorded: they were denies, which cost something else than what is measured */
export async function assertRecorded(server) {
  const unrecorded = await sumOf(
    server,
    /^verdict_decisions_total\{decision="deny",reason_code="audit_unavailable".*\} (\d+)$/gm,
  );
  if (unrecorded > 0) throw new Error(`${unrecorded} decisions could not be recorded`);
}

/** The samples that `pattern` finds in a server's metrics, of all workers. */
async function sumOf({ url }, pattern) {
  const text = await (await fetch(`${url}/metrics`)).text();
  const counts = [...text.matchAll(pattern)];
  if (counts.length === 0) throw new Error(`the metrics have nothing like ${pattern}`);
  return counts.reduce((sum, [, count]) => sum + Number(count), 0);
}

/** An empty database beside the one that the connection string names. */
export async function makeDatabase(databaseUrl) {
  const sql = postgres(databaseUrl, { max: 1 });
  const name = `verdict_bench_${randomUUID().replaceAll("-", "")}`;
  await sql.unsafe(`create database ${name}`);
  const url = new URL(databaseUrl);
  url.pathname = `/${name}`;
  const drop = async () => {
    await sql.unsafe(`drop database ${name} with (force)`);
    await sql.end();
  };
  return { url: url.href, drop };
}

/** The way to a database, which can be shut: as when its machine went away. */
export async function startDatabaseGate(databaseUrl) {
  const target = new URL(databaseUrl);
  const sockets = new Set();
  const gate = createServer((client) => {
    const server = connect(Number(target.port || 5432), target.hostname);
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ]) {
      sockets.add(socket);
      socket.on("error", () => other.destroy());
      socket.on("close", () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
    client.pipe(server).pipe(client);
  });
  await new Promise((resolve) => gate.listen(0, "127.0.0.1", resolve));
  const url = new URL(databaseUrl);
  url.host = `127.0.0.1:${gate.address().port}`;
  const shut = () => {
    gate.close();
    for (const socket of sockets) socket.destroy();
  };
  return { url: url.href, shut };
}

/** Waits until a server that was started answers with success. */
export function untilReady(url, child) {
  return until(async () => (await fetch(url)).ok, child);
}

async function until(attempt, child) {
  const giveUpAt = performance.now() + 30_000;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`${child.spawnfile} ended with ${child.exitCode}`);
    try {
      const result = await attempt();
      if (result) return result;
    } catch (error) {
      if (performance.now() > giveUpAt) throw error;
    }
    if (performance.now() > giveUpAt) throw new Error(`${child.spawnfile} did not become ready`);
    await delay(5);
  }
}

/** Asks a server to end, and waits for it. */
export function ended(child) {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.once("exit", resolve);
    child.kill("SIGTERM");
  });
}
