// The container's HEALTHCHECK: exit code 0 when /healthz answers 200. The image has no curl.
import { get } from "node:http";
import { parseHosts } from "../dist/config/parsers.js";
import { toServiceAddress } from "../dist/service-address.js";

// Empty counts as unset, as in the service; that says what is wrong with a value that is not allowed.
const listen = process.env.VERDICT_LISTEN || "127.0.0.1:8181";
const allowedHosts = parseHosts(process.env.VERDICT_ALLOWED_HOSTS || "localhost,127.0.0.1,[::1]") ?? ["localhost"];
const { url, socketPath, hostHeader } = toServiceAddress(
  listen.startsWith("unix:") ? listen : `http://${listen}`,
  allowedHosts,
);

const headers = hostHeader === undefined ? {} : { host: hostHeader };
get(new URL("/healthz", url), { socketPath, headers, timeout: 2_000 }, (response) => {
  response.resume();
  process.exit(response.statusCode === 200 ? 0 : 1);
})
  .on("timeout", () => process.exit(1))
  .on("error", () => process.exit(1));
