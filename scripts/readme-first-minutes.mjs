// Follows the README's first five minutes to the letter, as a new user on a fresh clone: `npm start` in one terminal, every
// other command of the chapter in a second one. Exit code 0 means that the answers are those that the README promises.
//
// Only the port is another one, since somebody may use that machine.
import { spawn, spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ROOT } from "./checkout-hashes.mjs";
import { createIgnore } from "./dockerfile.mjs";
import { freePort } from "./free-port.mjs";

const READY_WITHIN_MS = 180_000;
const STOPPED_WITHIN_MS = 15_000;
const EXPECTED = ["allow", "deny", "approval_required", "allow", "allow"];

const notInGit = readFileSync(join(ROOT, ".gitignore"), "utf8").replace(/\/$/gm, "");
const isLeftOut = createIgnore(`.git\n${notInGit}`);
const clone = mkdtempSync(join(tmpdir(), "verdict-readme-"));
let server;
process.once("exit", () => {
  server?.kill("SIGKILL");
  rmSync(clone, { recursive: true, force: true });
});

try {
  await followReadme();
  console.log("\nthe README's first five minutes work");
} catch (error) {
  console.error(`\nfailed: ${error.message}`);
  process.exit(1);
}

async function followReadme() {
  const [start, ...rest] = commandsOf("The first five minutes");
  if (start !== "npm start\n") throw new Error(`the chapter begins with ${JSON.stringify(start)}, not with npm start`);
  cpSync(ROOT, clone, { recursive: true, filter: (path) => path === ROOT || !isLeftOut(relative(ROOT, path)) });
  const address = `127.0.0.1:${await freePort()}`;

  server = spawn("npm", ["start"], {
    cwd: clone,
    env: { ...userEnvironment(), VERDICT_LISTEN: address },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise((settle) => server.once("close", (code, signal) => settle(signal ?? code)));
  await printed(server, "Verdict is ready", ended);

  const second = rest.join("").replaceAll("127.0.0.1:8181", address);
  const printedLines = run("bash", ["-eu", "-c", second]).split("\n");
  // The command line prints for people in between.
  const answers = printedLines.filter((line) => line.startsWith('{"')).map((line) => JSON.parse(line));
  for (const { decision, rule_id, policy_revision } of answers) console.log(decision, rule_id, policy_revision);
  const decisions = answers.map(({ decision }) => decision);
  if (decisions.join() !== EXPECTED.join()) throw new Error(`answered ${decisions}, promised ${EXPECTED}`);
  if (answers[4].policy_revision === answers[3].policy_revision) throw new Error("the revision is still the same");

  server.kill("SIGINT");
  const outcome = await Promise.race([ended, sleep(STOPPED_WITHIN_MS, "no end", { ref: false })]);
  if (outcome !== 0) throw new Error(`Ctrl-C did not end it with exit code 0: ${outcome}`);
}

/** The shell blocks of a chapter, in order. */
function commandsOf(title) {
  const readme = readFileSync(join(ROOT, "README.md"), "utf8");
  const chapter = readme.split(/^## /m).find((text) => text.startsWith(`${title}\n`));
  if (chapter === undefined) throw new Error(`the README has no chapter "${title}"`);
  return [...chapter.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, commands]) => commands);
}

/** @returns what the program printed */
function run(program, args) {
  const { status, stdout, error } = spawnSync(program, args, {
    cwd: clone,
    env: userEnvironment(),
    stdio: ["ignore", "pipe", "inherit"],
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`${program} ${args.join(" ")}: ${error?.message ?? `exit code ${status}`}`);
  return stdout;
}

/** A new user has set none of our variables, and is not a CI run. */
function userEnvironment() {
  const isForeign = ([name]) => !/^(?:VERDICT_|TEST_|DATABASE_URL$|REDIS_URL$|CI$)/.test(name);
  return Object.fromEntries(Object.entries(process.env).filter(isForeign));
}

async function printed(child, words, ended) {
  let output = "";
  const seen = new Promise((settle) => {
    child.stdout.on("data", (chunk) => {
      output += chunk;
      if (output.includes(words)) settle("seen");
    });
  });
  const outcome = await Promise.race([seen, ended, sleep(READY_WITHIN_MS, "nothing", { ref: false })]);
  if (outcome !== "seen") throw new Error(`npm start did not print "${words}" (${outcome}):\n${output}`);
}
