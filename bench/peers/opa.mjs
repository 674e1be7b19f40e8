import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../../scripts/free-port.mjs";
import { ended, untilReady } from "../processes.mjs";

const VERSION = "v1.22.2";
const CACHE = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "verdict-bench");
export const INSTALL_OPA = `GOBIN=${CACHE} go install github.com/open-policy-agent/opa@${VERSION}`;

/** Asked for one boolean: OPA stops at the first rule that is true. */
export const opaBoolean = {
  path: "/v1/data/verdict/allowed",
  bodyOf,
  decisionOf: ({ result }) => (result ? "allow" : "deny"),
  policyOf: (rules) => `package verdict

default allowed := false
allowed if {
  some_allow
  not some_deny
}
${rules.flatMap((rule) => ruleTexts(rule, `some_${rule.effect}`)).join("\n")}
`,
};

/** Asked for the rules that decided as well, as Verdict is. */
export const opaWithRules = {
  path: "/v1/data/verdict/decision",
  bodyOf,
  decisionOf: ({ result }) => result.decision,
  rulesOf: ({ result }) => result.rules,
  policyOf: (rules) => `package verdict

default decision := {"decision": "deny", "rules": []}
decision := {"decision": "deny", "rules": denies} if count(denies) > 0
decision := {"decision": "allow", "rules": allows} if {
  count(allows) > 0
  count(denies) == 0
}
${rules.flatMap((rule) => ruleTexts(rule, `${rule.effect === "allow" ? "allows" : "denies"} contains ${JSON.stringify(rule.id)}`)).join("\n")}
`,
};

/** Equalities first, for OPA's index of rules. */
function ruleTexts({ action, when }, head) {
  const about = [`input.action.type == ${JSON.stringify(action.type)}`];
  if (action.name !== undefined) about.push(`input.action.name == ${JSON.stringify(action.name)}`);
  if (action.prefix !== undefined) about.push(`startswith(input.action.name, ${JSON.stringify(action.prefix)})`);
  return when.map(
    (terms) => `${head} if {\n${[...about, ...terms.map(regoTermOf)].map((one) => `  ${one}\n`).join("")}}`,
  );
}

function regoTermOf({ path, op, value, negated }) {
  const text = JSON.stringify(value);
  const at = `input.${path}`;
  const positive = {
    eq: `${at} == ${text}`,
    gt: `${at} > ${text}`,
    in: `${at} in ${text}`,
    has: `${text} in ${at}`,
    startsWith: `startswith(${at}, ${text})`,
    endsWith: `endswith(${at}, ${text})`,
    contains: `contains(${at}, ${text})`,
  }[op];
  return negated ? `not ${positive}` : positive;
}

function bodyOf({ type, name, arguments: args, domain, roles, tenant, session }) {
  return {
    input: {
      action: { type, name },
      arguments: args,
      destination: { domain },
      identity: { name: "agent", roles, tenant },
      session_id: session,
    },
  };
}

/** @returns undefined where the program is not installed */
export function findOpa() {
  const program = join(CACHE, "opa");
  if (!existsSync(program)) return undefined;
  return { program, version: /Version: (\S+)/.exec(execFileSync(program, ["version"], { encoding: "utf8" }))[1] };
}

export async function startOpa({ program }, engine, rules) {
  const directory = mkdtempSync(join(tmpdir(), "verdict-bench-opa-"));
  writeFileSync(join(directory, "policy.rego"), engine.policyOf(rules));
  const port = await freePort();
  const log = openSync(join(directory, "decisions.log"), "w");
  const child = spawn(
    program,
    [
      ...["run", "--server", "--skip-version-check", "--log-level=error", `--addr=127.0.0.1:${port}`],
      ...["--set=decision_logs.console=true", join(directory, "policy.rego")],
    ],
    { stdio: ["ignore", log, log], env: { PATH: process.env.PATH, HOME: directory } },
  );
  const url = `http://127.0.0.1:${port}`;
  await untilReady(`${url}/health`, child);
  const remove = () => rmSync(directory, { recursive: true, force: true });
  return { pid: child.pid, url, headers: {}, directory, stop: () => ended(child), remove };
}
