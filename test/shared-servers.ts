import { afterAll, inject } from "vitest";
import type { BrokerAnswer } from "./global-setup.ts";
import { createTestDatabase, ServerMissing, type TestServer } from "./servers.ts";

/**
 * A fresh, empty database on the run's PostgreSQL; dropped after the suite. Undefined when there is no PostgreSQL: the
 * suite then skips (`describe.skipIf(url === undefined)`), and in CI this throws instead.
 */
export async function freshPostgres(): Promise<string | undefined> {
  const server = await ask("/postgres");
  if (server === undefined) return undefined;
  const database = await createTestDatabase(server);
  afterAll(database.drop);
  return database.url;
}

/** The run's Redis. Suites share it, so each uses a key prefix of its own. Undefined as in `freshPostgres`. */
export function sharedRedis(): Promise<string | undefined> {
  return ask("/redis");
}

/** A server of the suite's own, to be taken down and up; closed after the suite. Undefined as in `freshPostgres`. */
export async function ownServer(start: () => Promise<TestServer>): Promise<TestServer | undefined> {
  try {
    const server = await start();
    afterAll(server.close);
    return server;
  } catch (error) {
    if (!(error instanceof ServerMissing)) throw error;
    return skipped(error.message);
  }
}

async function ask(path: string): Promise<string | undefined> {
  const response = await fetch(`${inject("serverBroker")}${path}`);
  const answer = (await response.json()) as BrokerAnswer;
  if ("url" in answer) return answer.url;
  if (response.status !== 200) throw new Error(answer.missing);
  return skipped(answer.missing);
}

/** A leg that cannot run says so; in CI a leg that silently does not run would be a lie, so it fails. */
function skipped(why: string): undefined {
  if (process.env.CI === "true") throw new Error(`${why}, and in CI no leg may be skipped`);
  console.log(`skipped: ${why}`);
  return undefined;
}
