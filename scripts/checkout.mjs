import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { BUILD_HASH_FILE, hashBuildInputs, hashLockFile, LOCK_HASH_FILE, ROOT, readHash } from "./checkout-hashes.mjs";

const HOLDER_FILE = join(ROOT, "dist", ".prepare.lock");

/**
 * Brings `node_modules` and `dist` up to date with the lock file and the sources. Silent when they are.
 * Several processes may call it at once: one works, the others wait for it.
 */
export async function prepareCheckout() {
  if (isInstalled() && isBuilt()) return;
  await withLock(() => {
    if (!isInstalled()) install();
    if (!isBuilt()) build();
  });
}

/** Only the dependencies: enough for what reads the sources. */
export async function prepareDependencies() {
  if (!isInstalled()) await withLock(() => isInstalled() || install());
}

function isInstalled() {
  return readHash(LOCK_HASH_FILE) === hashLockFile() || matchesInstalledTree();
}

function isBuilt() {
  return readHash(BUILD_HASH_FILE) === hashBuildInputs();
}

/**
 * Whether somebody's own `npm ci` or `npm install` left exactly what the lock file says. npm notes what it installed in
 * a lock file inside `node_modules`; packages for other platforms are not in it.
 */
function matchesInstalledTree() {
  const installed = readPackages(join(ROOT, "node_modules", ".package-lock.json"));
  const wanted = readPackages(join(ROOT, "package-lock.json"));
  if (installed === undefined || wanted === undefined) return false;
  const isSame = (path) => installed[path]?.integrity === wanted[path]?.integrity && isForThisPlatform(installed[path]);
  return (
    Object.keys(installed).every((path) => path in wanted && isSame(path)) &&
    Object.keys(wanted).every((path) => path === "" || path in installed || wanted[path].optional)
  );
}

/** False when `node_modules` was copied here from another kind of machine. */
function isForThisPlatform({ os, cpu }) {
  return (os === undefined || os.includes(process.platform)) && (cpu === undefined || cpu.includes(process.arch));
}

function readPackages(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8")).packages;
  } catch (error) {
    if (error.code === "ENOENT") return undefined;
    throw new Error(`${path} cannot be read: ${error.message}`);
  }
}

function install() {
  const wanted = hashLockFile();
  say("installing the dependencies, once ...");
  // Flags win over the npm_config_* that an outer npm hands down, and over NODE_ENV=production.
  const flags = ["ci", "--include=dev", "--no-audit", "--no-fund", "--dry-run=false", "--global=false"];
  const ownCli = process.env.npm_execpath;
  const [command, before] =
    ownCli !== undefined && basename(ownCli) === "npm-cli.js" ? [process.execPath, [ownCli]] : ["npm", []];
  run(command, [...before, ...flags, "--loglevel=error"], "npm ci");
  writeFileSync(LOCK_HASH_FILE, wanted);
}

function build() {
  say("building ...");
  run(process.execPath, [join(ROOT, "scripts", "build.mjs")], "the build");
}

/** Output goes to standard error: standard output belongs to what runs next. */
function run(command, args, what) {
  const { status, signal, error } = spawnSync(command, args, { cwd: ROOT, stdio: ["ignore", 2, 2] });
  if (error !== undefined) throw new Error(`verdict: ${what} could not be started: ${error.message}`);
  if (status !== 0) throw new Error(`verdict: ${what} failed (${signal ?? `exit code ${status}`}); see above`);
}

async function withLock(work) {
  mkdirSync(join(ROOT, "dist"), { recursive: true });
  let isWaitShown = false;
  while (!tryLock()) {
    const holder = readHolder();
    if (holder !== undefined && !isAlive(holder)) rmSync(HOLDER_FILE, { force: true });
    else if (!isWaitShown) {
      isWaitShown = true;
      say(`process ${holder ?? "?"} is preparing this checkout, waiting for it (its lock: ${HOLDER_FILE}) ...`);
    }
    await sleep(100);
  }
  try {
    work();
  } finally {
    rmSync(HOLDER_FILE, { force: true });
  }
}

function tryLock() {
  try {
    writeFileSync(HOLDER_FILE, String(process.pid), { flag: "wx" });
    return true;
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw new Error(`verdict: ${HOLDER_FILE} cannot be written: ${error.message}`);
  }
}

/** Undefined in the instant between the creation of the file and the writing of the number. */
function readHolder() {
  try {
    return Number(readFileSync(HOLDER_FILE, "utf8")) || undefined;
  } catch (error) {
    if (error.code === "ENOENT") return undefined;
    throw error;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

function say(message) {
  console.error(`verdict: ${message}`);
}
