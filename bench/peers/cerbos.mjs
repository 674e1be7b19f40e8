import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../../scripts/free-port.mjs";
import { ended, untilReady } from "../processes.mjs";
import { celConditionOf } from "./cel-condition.mjs";
import { typesOf } from "./rules.mjs";

export const cerbos = { path: "/api/check/resources", bodyOf, decisionOf };

const PATHS = { "identity.roles": "P.attr.roles", "identity.tenant": "P.attr.tenant" };
const pathOf = (path) => PATHS[path] ?? `R.attr.${path}`;

/** One resource policy for each type of action, so that Cerbos looks at the rules of the type and the name only. */
function policiesOf(rules) {
  return typesOf(rules).map((type) => ({
    apiVersion: "api.cerbos.dev/v1",
    resourcePolicy: {
      resource: type,
      version: "default",
      rules: rules.filter(({ action }) => action.type === type).map(ruleOf),
    },
  }));
}

function ruleOf(rule) {
  const { name, prefix } = rule.action;
  return {
    name: rule.id,
    actions: [name ?? `${prefix ?? ""}*`],
    // The roles are an attribute: Cerbos goes through the rules once for each of a principal's own roles.
    roles: ["*"],
    effect: rule.effect === "allow" ? "EFFECT_ALLOW" : "EFFECT_DENY",
    condition: { match: { expr: celConditionOf(rule, pathOf) } },
  };
}

function bodyOf({ type, name, arguments: args, domain, roles, tenant, session }) {
  return {
    principal: { id: "agent", roles: ["agent"], attr: { roles, tenant } },
    resources: [
      {
        actions: [name],
        resource: { kind: type, id: session, attr: { arguments: args, destination: { domain }, session_id: session } },
      },
    ],
  };
}

function decisionOf({ results }) {
  const [effect] = Object.values(results[0].actions);
  return effect === "EFFECT_ALLOW" ? "allow" : "deny";
}

/** @returns undefined where the program is not installed */
export function findCerbos() {
  try {
    const program = createRequire(import.meta.url).resolve("@cerbos/cerbos-linux-x64");
    return { program, version: execFileSync(program, ["--version"], { encoding: "utf8" }).split("\n")[0] };
  } catch {
    return undefined;
  }
}

export async function startCerbos({ program }, rules) {
  const directory = mkdtempSync(join(tmpdir(), "verdict-bench-cerbos-"));
  mkdirSync(join(directory, "policies"));
  for (const policy of policiesOf(rules)) {
    writeFileSync(join(directory, "policies", `${policy.resourcePolicy.resource}.json`), JSON.stringify(policy));
  }
  const [http, grpc] = [await freePort(), await freePort()];
  const config = {
    server: { httpListenAddr: `127.0.0.1:${http}`, grpcListenAddr: `127.0.0.1:${grpc}` },
    storage: { driver: "disk", disk: { directory: join(directory, "policies"), watchForChanges: false } },
    audit: {
      enabled: true,
      accessLogsEnabled: false,
      decisionLogsEnabled: true,
      backend: "file",
      file: { path: join(directory, "decisions.log") },
    },
    telemetry: { disabled: true },
  };
  writeFileSync(join(directory, "cerbos.json"), JSON.stringify(config));
  const log = openSync(join(directory, "cerbos.log"), "w");
  const child = spawn(program, ["server", "--log-level=error", `--config=${join(directory, "cerbos.json")}`], {
    stdio: ["ignore", log, log],
    env: { PATH: process.env.PATH, CERBOS_NO_TELEMETRY: "1", HOME: directory },
  });
  const url = `http://127.0.0.1:${http}`;
  await untilReady(`${url}/_cerbos/health`, child);
  const remove = () => rmSync(directory, { recursive: true, force: true });
  return { pid: child.pid, url, headers: {}, directory, stop: () => ended(child), remove };
}
