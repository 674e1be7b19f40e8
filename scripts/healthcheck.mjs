// The container's HEALTHCHECK: exit code 0 when /healthz answers 200. The image has no curl.
import { get } from "node:http";

const listen = process.env.VERDICT_LISTEN ?? "127.0.0.1:8181";
const host = (process.env.VERDICT_ALLOWED_HOSTS || "localhost").split(",")[0].trim();
const target = listen.startsWith("unix:")
  ? { socketPath: listen.slice("unix:".length) }
  : // Listening on every address includes loopback; on a particular one only that one answers.
    {
      host: listen
        .slice(0, listen.lastIndexOf(":"))
        .replace(/^\[(.*)\]$/, "$1")
        .replace("0.0.0.0", "127.0.0.1"),
      port: Number(listen.slice(listen.lastIndexOf(":") + 1)),
    };

get({ ...target, path: "/healthz", headers: { host }, timeout: 2_000 }, (response) => {
  response.resume();
  process.exit(response.statusCode === 200 ? 0 : 1);
})
  .on("timeout", () => process.exit(1))
  .on("error", () => process.exit(1));
