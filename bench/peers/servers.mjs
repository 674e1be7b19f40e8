import { setTimeout as delay } from "node:timers/promises";
import { makeDatabase, PATIENT, spooledBy, startBare, startDatabaseGate } from "../processes.mjs";
import { cerbos, startCerbos } from "./cerbos.mjs";
import { opaBoolean, opaWithRules, startOpa } from "./opa.mjs";
import { startVerdictPeer, verdict } from "./verdict.mjs";

/**
 * Starts Verdict in each of its ways, and the peers that are installed, all with the same rules.
 * @returns `servers` of `{ name, server, engine }`, Verdict's first and last a bare node:http, which has no engine; and what
 *   stops them
 */
export async function startServers({ rules, peers, databaseUrl }) {
  const servers = [];
  const endings = [];
  const add = (name, server, engine) => {
    servers.push({ name, server, engine });
    endings.unshift(async () => {
      await server.stop();
      server.remove?.();
    });
  };
  if (databaseUrl === undefined) add("Verdict, embedded", await startEmbedded(rules), verdict);
  else {
    const databases = [await makeDatabase(databaseUrl), await makeDatabase(databaseUrl)];
    for (const database of databases) endings.push(database.drop);
    add("Verdict, records in a file", await startWithoutDatabase(rules, databases[0].url), verdict);
    add("Verdict, moved to PostgreSQL", await startWithDatabase(rules, databases[1].url), verdict);
  }
  if (peers.cerbos !== undefined) add("Cerbos", await startCerbos(peers.cerbos, rules), cerbos);
  if (peers.opa !== undefined) {
    add("OPA, a boolean", await startOpa(peers.opa, opaBoolean, rules), opaBoolean);
    add("OPA, with the rules", await startOpa(peers.opa, opaWithRules, rules), opaWithRules);
  }
  add("bare node:http", await startBare());
  const stop = async () => {
    for (const end of endings) await end();
  };
  return { servers, stop };
}

async function startEmbedded(rules) {
  const server = await startVerdictPeer(rules, PATIENT);
  return { ...server, settle: () => arrived(server) };
}

async function startWithDatabase(rules, url) {
  const server = await startVerdictPeer(rules, { DATABASE_URL: url, ...PATIENT });
  return { ...server, settle: () => arrived(server) };
}

async function startWithoutDatabase(rules, url) {
  const gate = await startDatabaseGate(url);
  const server = await startVerdictPeer(rules, { DATABASE_URL: gate.url, ...PATIENT });
  gate.shut();
  return server;
}

async function arrived(server) {
  while ((await spooledBy(server)) > 0) await delay(100);
}
