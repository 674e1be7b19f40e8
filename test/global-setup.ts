import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestProject } from "vitest/node";
import { ServerMissing, startPostgres, startRedis, type TestServer } from "./servers.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** Where `test/shared-servers.ts` asks for the servers of this run. */
    serverBroker: string;
  }
}

/** What the broker answers: a server's URL, or why there is none. */
export type BrokerAnswer = { readonly url: string } | { readonly missing: string };

/**
 * One PostgreSQL and one Redis for the whole run, started when the first suite asks, so that a run that needs neither
 * waits for neither. `TEST_DATABASE_URL` and `TEST_REDIS_URL` name servers that run already.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const started: TestServer[] = [];
  const answers = new Map<string, Promise<BrokerAnswer>>();
  const sources: Record<string, () => Promise<BrokerAnswer>> = {
    "/postgres": () => given("TEST_DATABASE_URL") ?? launch(startPostgres, started),
    "/redis": () => given("TEST_REDIS_URL") ?? launch(startRedis, started),
  };

  const broker = createServer((request, response) => {
    const source = sources[request.url ?? ""];
    if (source === undefined) return respond(response, 404, { missing: `no such server: ${request.url}` });
    const answer = answers.get(request.url!) ?? source();
    answers.set(request.url!, answer);
    answer.then(
      (body) => respond(response, 200, body),
      (error: unknown) => respond(response, 500, { missing: String(error) }),
    );
  });
  await new Promise<void>((resolve) => broker.listen(0, "127.0.0.1", resolve));
  broker.unref();
  project.provide("serverBroker", `http://127.0.0.1:${(broker.address() as AddressInfo).port}`);

  return async () => {
    broker.closeAllConnections();
    broker.close();
    await Promise.all(started.map((server) => server.close()));
  };
}

function given(variable: string): Promise<BrokerAnswer> | undefined {
  const url = process.env[variable];
  return url === undefined || url === "" ? undefined : Promise.resolve({ url });
}

async function launch(start: () => Promise<TestServer>, started: TestServer[]): Promise<BrokerAnswer> {
  try {
    const server = await start();
    started.push(server);
    return { url: server.url };
  } catch (error) {
    if (error instanceof ServerMissing) return { missing: error.message };
    throw error;
  }
}

function respond(response: ServerResponse, status: number, body: BrokerAnswer): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}
