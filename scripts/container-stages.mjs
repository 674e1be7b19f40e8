// For machines without a container engine: carries out the Dockerfile's stages in an empty folder, starts what comes out
// the way the image would, waits for HEALTHCHECK, and stops it. Exit code 0 means that all of it worked.
//
// What it does not check: the base image (this machine's Node and libraries are used) and the isolation of a container.
import { spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, relative, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ROOT } from "./checkout-hashes.mjs";
import { createIgnore, parseDockerfile } from "./dockerfile.mjs";
import { freePort } from "./free-port.mjs";

const HEALTHY_WITHIN_MS = 60_000;
const STOPPED_WITHIN_MS = 15_000;
/** Of the caller's environment, only what reaching a package registry takes. */
const PASSED_ON = /^(?:PATH|HOME|LANG|NODE_EXTRA_CA_CERTS|SSL_CERT_(?:FILE|DIR)|(?:https?|no)_proxy|npm_config_.*)$/i;

const isIgnored = createIgnore(readFileSync(join(ROOT, ".dockerignore"), "utf8"));
const work = mkdtempSync(join(tmpdir(), "verdict-stages-"));
chmodSync(work, 0o755);
let running;
process.once("SIGINT", () => process.exit(130));
process.once("SIGTERM", () => process.exit(143));
process.once("exit", () => {
  running?.kill("SIGKILL");
  rmSync(work, { recursive: true, force: true });
});

try {
  const image = buildStages();
  await runImage(image);
  console.log("\nthe container's stages work");
} catch (error) {
  console.error(`\nfailed: ${error.message}`);
  // Also ends the service, which would otherwise keep this process waiting.
  process.exit(1);
}

/** @returns the last stage */
function buildStages() {
  const built = new Map();
  for (const { name, from, steps } of parseDockerfile(readFileSync(join(ROOT, "Dockerfile"), "utf8"))) {
    console.log(`\n== stage ${name} (from ${from})`);
    const stage = startStage(name, built.get(from));
    for (const step of steps) carryOut(step, stage, built);
    built.set(name, stage);
  }
  return [...built.values()].at(-1);
}

function startStage(name, parent) {
  const root = join(work, name);
  if (parent === undefined) mkdirSync(root);
  else cpSync(parent.root, root, { recursive: true, verbatimSymlinks: true });
  return { volumes: [], env: {}, workdir: "/", ...parent, root };
}

function carryOut({ keyword, flags, args }, stage, built) {
  console.log(`   ${keyword} ${Array.isArray(args) ? args.join(" ") : args}`);
  if (keyword === "WORKDIR") {
    stage.workdir = args;
    mkdirSync(join(stage.root, args), { recursive: true });
  } else if (keyword === "ENV") {
    for (const [, name, value] of args.matchAll(/(\w+)=(\S+)/g)) stage.env[name] = value;
  } else if (keyword === "COPY") copy(args.split(/\s+/), flags, stage, built);
  else if (keyword === "RUN") runInStage(stage, args);
  else if (keyword === "USER") stage.user = args.split(":").map(Number);
  else if (keyword === "VOLUME") stage.volumes.push(args);
  else if (keyword === "STOPSIGNAL") stage.stopSignal = args;
  else if (keyword === "HEALTHCHECK") stage.healthcheck = JSON.parse(args.replace(/^.*?CMD\s+/, ""));
  else if (keyword === "CMD") stage.command = args;
}

function copy(paths, flags, stage, built) {
  const sources = paths.slice(0, -1);
  const target = inside(stage, paths.at(-1));
  const from = flags.from === undefined ? undefined : built.get(flags.from);
  for (const source of sources) {
    const origin = from === undefined ? resolve(ROOT, source) : inside(from, source);
    // As COPY does it: a folder's content goes to the target, a file goes into it when it ends in a slash.
    const goesInto = !statSync(origin).isDirectory() && paths.at(-1).endsWith("/");
    const filter = (path) => from !== undefined || path === ROOT || !isIgnored(relative(ROOT, path));
    if (!filter(origin)) throw new Error(`.dockerignore leaves out ${source}, which the Dockerfile copies`);
    const destination = goesInto ? join(target, basename(source)) : target;
    cpSync(origin, destination, { recursive: true, verbatimSymlinks: true, filter });
    if (flags.chown !== undefined && isRoot()) chownSync(destination, ...flags.chown.split(":").map(Number));
  }
}

function runInStage(stage, command) {
  const { status } = spawnSync("sh", ["-ec", command], {
    cwd: inside(stage, "."),
    env: { ...passedOn(), ...environment(stage) },
    stdio: ["ignore", "inherit", "inherit"],
  });
  if (status !== 0) throw new Error(`RUN ${command} ended with exit code ${status}`);
}

/** Where a path of the image is on this machine. */
function inside(stage, path) {
  return path.startsWith("/") ? join(stage.root, path) : join(stage.root, stage.workdir, path);
}

/** The stage's ENV, with its volumes' paths where they are on this machine. */
function environment(stage) {
  const mapped = ([name, value]) => [name, stage.volumes.includes(value) ? inside(stage, value) : value];
  return Object.fromEntries(Object.entries(stage.env).map(mapped));
}

async function runImage(image) {
  const port = await freePort();
  const temporary = join(work, "tmp");
  mkdirSync(temporary);
  const identity = chooseIdentity(image, temporary);
  const options = {
    cwd: inside(image, "."),
    env: { PATH: process.env.PATH, HOME: "/nonexistent", TMPDIR: temporary, ...environment(image) },
    stdio: ["ignore", "inherit", "inherit"],
    ...identity,
  };
  options.env.VERDICT_LISTEN = options.env.VERDICT_LISTEN.replace(/:\d+$/, `:${port}`);
  const before = listing(image);

  console.log(`\n== start: ${image.command.join(" ")}`);
  const [program, ...args] = image.command;
  running = spawn(program, args, options);
  const ended = new Promise((settle) => running.once("close", (code, signal) => settle(signal ?? code)));
  await becomeHealthy(image, options, ended);
  await answerOnce(image, port);

  running.kill(image.stopSignal);
  const outcome = await Promise.race([ended, sleep(STOPPED_WITHIN_MS, "no answer", { ref: false })]);
  if (outcome !== 0) throw new Error(`${image.stopSignal} did not end it with exit code 0: ${outcome}`);
  const written = listing(image).filter((path) => !before.includes(path));
  if (written.length > 0) throw new Error(`it wrote outside its volume: ${written.join(", ")}`);
}

/** As root, the image's own user id, so that a write outside the volume fails here as it would there. */
function chooseIdentity(image, temporary) {
  if (!isRoot()) {
    console.log("\n(not root: it runs as this user, and writes are only checked afterwards)");
    return {};
  }
  const [uid, gid] = image.user;
  chownSync(temporary, uid, gid);
  const probe = spawnSync("node", ["-e", "0"], { uid, gid, cwd: inside(image, ".") });
  if (probe.status === 0) return { uid, gid };
  console.log(
    `\n(user ${uid} cannot run this machine's node: it runs as root, and writes are only checked afterwards)`,
  );
  return {};
}

async function becomeHealthy(image, options, ended) {
  const [program, ...args] = image.healthcheck;
  const deadline = Date.now() + HEALTHY_WITHIN_MS;
  while (spawnSync(program, args, options).status !== 0) {
    const outcome = await Promise.race([ended, sleep(200, "runs")]);
    if (outcome !== "runs") throw new Error(`it ended before it was healthy: ${outcome}`);
    if (Date.now() > deadline) throw new Error("HEALTHCHECK never succeeded");
  }
  console.log("== healthy");
}

/** The first decision, with the key that the first start made: database, keys, rules and spool all work. */
async function answerOnce(image, port) {
  const address = `http://127.0.0.1:${port}`;
  await until("the service is ready", async () => (await fetch(`${address}/readyz`)).status === 200);
  const keysFile = join(inside(image, image.volumes[0]), "initial-keys.json");
  await until("the first keys are written", () => existsSync(keysFile));
  const { agent } = JSON.parse(readFileSync(keysFile, "utf8"));
  const response = await fetch(`${address}/v1/policy/evaluate`, {
    method: "POST",
    headers: { authorization: `Bearer ${agent}`, "content-type": "application/json" },
    body: JSON.stringify({ action_type: "tool_call", action_name: "container.check" }),
  });
  const { decision, reason_code } = await response.json();
  console.log(`== first answer: ${response.status} ${decision} (${reason_code})`);
  if (response.status !== 200 || !/^(?:no_matching_rule|rule_matched)$/.test(reason_code)) {
    throw new Error("the first answer is not a decision of the rules");
  }
}

async function until(what, isSo) {
  const deadline = Date.now() + HEALTHY_WITHIN_MS;
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`waited in vain until ${what}`);
    await sleep(100);
  }
}

/** Every file of the image outside its volumes. */
function listing(image) {
  const volumes = image.volumes.map((volume) => relative(image.root, inside(image, volume)));
  return readdirSync(image.root, { recursive: true }).filter(
    (path) => !volumes.some((volume) => path === volume || path.startsWith(`${volume}/`)),
  );
}

function passedOn() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => PASSED_ON.test(name)));
}

function isRoot() {
  return process.getuid?.() === 0;
}
