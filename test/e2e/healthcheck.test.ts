import { execFile } from "node:child_process";
import { createServer } from "node:http";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { packageRoot } from "../../src/package-root.ts";
import { freePort } from "../servers.ts";
import { startService } from "./service.ts";
import { temporaryFolder } from "./temporary-folder.ts";

type Environment = Readonly<Record<string, string>>;

/** The container's HEALTHCHECK; its exit code. */
function healthcheck(env: Environment): Promise<number> {
  const script = join(packageRoot, "scripts", "healthcheck.mjs");
  const options = { env: { PATH: process.env.PATH, ...env } };
  return new Promise((resolve) => {
    execFile(process.execPath, [script], options, (error) => resolve(error === null ? 0 : Number(error.code)));
  });
}

const tcp = (host: string) => async () => `${host}:${await freePort()}`;
const socket = async () => `unix:${join(temporaryFolder(), "v.sock")}`;

it.each<[string, () => Promise<string>, Environment]>([
  ["loopback", tcp("127.0.0.1"), {}],
  ["every IPv4 address, its default host unset by an empty text", tcp("0.0.0.0"), { VERDICT_ALLOWED_HOSTS: "" }],
  ["every IPv4 address under another name", tcp("0.0.0.0"), { VERDICT_ALLOWED_HOSTS: "Verdict.internal:443, ::1" }],
  ["a unix socket under an address without brackets", socket, { VERDICT_ALLOWED_HOSTS: "::1" }],
])("the health check finds the service on %s", async (_, listenOn, env) => {
  const listen = await listenOn();
  const service = await startService({ env, listen, until: "listening" });
  expect(await healthcheck({ ...env, VERDICT_LISTEN: listen })).toBe(0);
  expect((await service.stop()).code).toBe(0);
  expect(await healthcheck({ ...env, VERDICT_LISTEN: listen })).toBe(1);
});

it("the health check takes an empty VERDICT_LISTEN for the default one", async () => {
  const answered: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    answered.push(request.url);
    response.end();
  });
  const failure = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
    server.once("error", resolve).listen(8181, "127.0.0.1", () => resolve(undefined));
  });
  onTestFinished(() => void server.close());
  if (failure?.code === "EADDRINUSE") return console.log("skipped: something of this machine listens on port 8181");
  expect(failure).toBeUndefined();
  expect(await healthcheck({ VERDICT_LISTEN: "" })).toBe(0);
  expect(answered).toEqual(["/healthz"]);
});
