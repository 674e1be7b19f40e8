// How the shipped rules decide public corpora of commands and SQL, in each profile. Nothing of them is run.
// `npm run build` first, then `node bench/corpora.mjs [--corpora <dir>] [--profile balanced] [--list]`; the default is
// `../shared/corpora` beside the checkout. `--list` prints every command that is decided otherwise than it is labelled, and every
// one that is free though it was written to attack. Exit 1 where balanced is worse than it promises, 2 without corpora.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { createCelCompiler, loadParsersFor } from "../dist/cel/index.js";
import { decide } from "../dist/engine/index.js";
import { createRuleLoader } from "../dist/rules/index.js";
import { reportShell } from "./corpora-shell.mjs";
import { reportSql } from "./corpora-sql.mjs";

const ROOT = join(import.meta.dirname, "..");
const PROFILES = {
  "locked-down": "rule-profiles/locked-down.yaml",
  balanced: "rules/profile.yaml",
  permissive: "rule-profiles/permissive.yaml",
};

const { values } = parseArgs({
  options: {
    corpora: { type: "string", default: join(ROOT, "../shared/corpora") },
    rules: { type: "string", default: ROOT },
    profile: { type: "string" },
    list: { type: "boolean", default: false },
  },
});
const dir = resolve(values.corpora);
if (!existsSync(dir)) {
  console.error(`there are no corpora in ${dir}: name their folder with --corpora`);
  process.exit(2);
}

/** The shipped rules with one profile, as a function from a request to a decision. */
async function deciderOf(profile) {
  const packs = readdirSync(join(values.rules, "rules"))
    .filter((path) => path.endsWith(".yaml") && !path.endsWith(".test.yaml") && path !== "profile.yaml")
    .map((path) => join("rules", path));
  const sources = [...packs, PROFILES[profile]].map((path) => ({
    path,
    content: readFileSync(join(values.rules, path), "utf8"),
  }));
  await loadParsersFor(sources.map(({ content }) => content));
  const loaded = createRuleLoader({ compiler: createCelCompiler() }).load(sources);
  if (!loaded.ok)
    throw new Error(loaded.diagnostics.map(({ file, line, message }) => `${file}:${line}: ${message}`).join("\n"));
  return (request) => {
    const activation = {
      destination: {},
      identity: { name: "agent", roles: ["agent"], attributes: {} },
      session: {},
      context: {},
      request: { id: "r", time: 0 },
      now: 0,
      ...request,
    };
    return decide({ ruleSet: loaded.ruleSet, activation, cacheTtlSecondsMax: 0 });
  };
}

/** The records of a corpus, or undefined when it is not there. */
function read(name) {
  const path = join(dir, name);
  if (!existsSync(path)) {
    console.log(`${name}: not in ${dir}`);
    return undefined;
  }
  return readFileSync(path, "utf8").split("\n").filter(Boolean).map(JSON.parse);
}

let isKept = true;
for (const profile of Object.keys(PROFILES)) {
  if (values.profile !== undefined && values.profile !== profile) continue;
  console.log(`\n=== ${profile}`);
  const context = { profile, decide: await deciderOf(profile), read, isListing: values.list };
  isKept = reportShell(context) && isKept;
  isKept = reportSql(context) && isKept;
}
process.exitCode = isKept ? 0 : 1;
