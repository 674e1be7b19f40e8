import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  aboutVariable,
  CLIENT_VARIABLES,
  type ConfigResult,
  describeConfig,
  parseConfig,
  SERVICE_VARIABLE_NAMES,
} from "./index.ts";

const place = { packageRoot: "/opt/verdict", cwd: "/srv/agents" };
const parse = (env: Record<string, string | undefined>) => parseConfig(env, place);
const messages = (result: ConfigResult) => (result.ok ? [] : result.problems.map((problem) => problem.message));
const config = (env: Record<string, string | undefined>) => {
  const result = parse(env);
  if (!result.ok) throw new Error(messages(result).join("\n"));
  return result.config;
};

describe("a wrong value stops the start", () => {
  test.each([
    ["VERDICT_LISTEN", "8181"],
    ["VERDICT_LISTEN", ":8181"],
    ["VERDICT_LISTEN", "127.0.0.1"],
    ["VERDICT_LISTEN", "127.0.0.1:65536"],
    ["VERDICT_LISTEN", "::1:8181"],
    ["VERDICT_LISTEN", "[127.0.0.1]:8181"],
    ["VERDICT_LISTEN", "example.com:8181"],
    ["VERDICT_LISTEN", "unix:"],
    ["VERDICT_LISTEN", `unix:/${"x".repeat(107)}`],
    ["VERDICT_LISTEN_SOCKET", `/${"x".repeat(107)}`],
    ["VERDICT_LISTEN_SOCKET", "a\0"],
    ["VERDICT_WORKERS", "0"],
    ["VERDICT_WORKERS", "65"],
    ["VERDICT_WORKERS", "auto"],
    ["VERDICT_QUEUE_MS_MAX", "0"],
    ["VERDICT_QUEUE_MS_MAX", "1s"],
    ["VERDICT_DATA_DIR", "data\0"],
    ["VERDICT_ALLOWED_HOSTS", "*"],
    ["VERDICT_ALLOWED_HOSTS", "*.example.com"],
    ["VERDICT_ALLOWED_HOSTS", "http://localhost"],
    ["VERDICT_ALLOWED_HOSTS", "localhost,,127.0.0.1"],
    ["VERDICT_ALLOWED_HOSTS", "localhost:0"],
    ["VERDICT_ALLOWED_HOSTS", "localhost:65536"],
    ["VERDICT_ALLOWED_HOSTS", "[::zz]"],
    ["VERDICT_ALLOWED_HOSTS", "a b"],
    ["VERDICT_LOG_LEVEL", "loud"],
    ["VERDICT_LOG_LEVEL", "INFO"],
    ["VERDICT_AUDIT_SPOOL_BYTES_MAX", "1GB"],
    ["VERDICT_AUDIT_SPOOL_BYTES_MAX", "1.5GiB"],
    ["VERDICT_AUDIT_SPOOL_BYTES_MAX", "1048575"],
    ["VERDICT_AUDIT_SPOOL_BYTES_MAX", "1025GiB"],
    ["VERDICT_AUDIT_DURABILITY", "fsync"],
    ["VERDICT_AUDIT_DURABILITY", "OS"],
    ["VERDICT_CACHE_TTL_SECONDS", "-1"],
    ["VERDICT_CACHE_TTL_SECONDS", "1e3"],
    ["VERDICT_CACHE_TTL_SECONDS", "3601"],
    ["VERDICT_CACHE_TTL_SECONDS", " 5"],
    ["VERDICT_SHUTDOWN_TIMEOUT_MS", "10s"],
    ["VERDICT_KEY_REFRESH_MS", "0"],
    ["VERDICT_KEY_REFRESH_MS", "60001"],
  ])("%s=%j, with the name, what was given and what is allowed", (name, value) => {
    const [message, ...others] = messages(parse({ [name]: value }));
    expect(others).toEqual([]);
    expect(message).toMatch(new RegExp(`^${name}: "`));
    expect(message).toContain(`expected ${aboutVariable(name as "VERDICT_LISTEN").allowed}`);
  });

  test("all problems are listed at once, in the order of the documentation", () => {
    const env = { REDIS_URL: "redis://r", VERDICT_LOG_LEVEL: "loud", VERDICT_LISTEN: "x", VERDICT_ZZZ: "1" };
    expect(messages(parse(env)).map((message) => message.split(":")[0])).toEqual([
      "VERDICT_LISTEN",
      "VERDICT_LOG_LEVEL",
      "REDIS_URL",
      "VERDICT_ZZZ",
    ]);
  });

  test("a long or strange value is shown shortened and escaped, so that a log line stays one line", () => {
    const [message = ""] = messages(parse({ VERDICT_LOG_LEVEL: `\n\u001b[31m${"x".repeat(10_000)}` }));
    expect(message).toContain('"\\n\\u001b[31mxxx');
    expect(message.length).toBeLessThan(300);
  });
});

describe("secrets are not echoed", () => {
  test.each([
    ["DATABASE_URL", "mysql://app:hunter2@db/verdict"],
    ["DATABASE_URL", "postgres://"],
    ["DATABASE_URL", "postgres://app:hunter2#x@db/verdict"],
    ["DATABASE_URL", "postgres://app:hunter2@db:port/verdict"],
    ["DATABASE_URL", "hunter2"],
    ["REDIS_URL", "http://:hunter2@cache"],
    ["REDIS_URL", "redis://:hunter2 @cache"],
  ])("%s=%s", (name, value) => {
    const found = messages(parse({ DATABASE_URL: "postgres://db/verdict", [name]: value }));
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(new RegExp(`^${name}: its value \\(not shown\\) is not allowed; expected a URL`));
    expect(found[0]).not.toContain("hunter2");
  });

  test("nor is the value of a variable whose name is misspelt", () => {
    expect(messages(parse({ VERDICT_API_KEYS: "vk_hunter2" }))).toEqual([
      "VERDICT_API_KEYS: there is no such variable; the nearest known name is VERDICT_API_KEY",
    ]);
  });
});

describe("an unknown VERDICT_ variable stops the start and names the nearest known one", () => {
  test.each([
    ["VERDICT_LISTENS", "VERDICT_LISTEN"],
    ["VERDICT_RULE_DIR", "VERDICT_RULES_DIR"],
    ["VERDICT_LOGLEVEL", "VERDICT_LOG_LEVEL"],
    ["VERDICT_DATABASE_URL", "DATABASE_URL"],
    ["VERDICT_REDIS", "REDIS_URL"],
    ["VERDICT_RULES", "VERDICT_RULES_DIR"],
    ["VERDICT_KEY", "VERDICT_API_KEY"],
    ["VERDICT_PORT", "VERDICT_LISTEN"],
    ["VERDICT_HOST", "VERDICT_LISTEN"],
  ])("%s: did you mean %s", (name, nearest) => {
    expect(messages(parse({ [name]: "8181" }))).toEqual([
      `${name}: there is no such variable; the nearest known name is ${nearest}`,
    ]);
  });

  test.each(["VERDICT_ZZZ", "VERDICT_TLS_CERTIFICATE", "VERDICT_FOO_BAR_BAZ", "VERDICT_"])(
    "%s: near none, so none is named",
    (name) => {
      expect(messages(parse({ [name]: "1" }))).toEqual([
        `${name}: there is no such variable; docs/configuration.md lists all`,
      ]);
    },
  );

  test("one that is empty counts as unset", () => {
    expect(parse({ VERDICT_LISTENS: "" }).ok).toBe(true);
  });

  test("the links that Kubernetes sets for a Service called verdict do not stop a pod", () => {
    const links = {
      VERDICT_SERVICE_HOST: "10.0.0.7",
      VERDICT_SERVICE_PORT: "8181",
      VERDICT_SERVICE_PORT_HTTP: "8181",
      VERDICT_PORT: "tcp://10.0.0.7:8181",
      VERDICT_PORT_8181_TCP: "tcp://10.0.0.7:8181",
      VERDICT_PORT_8181_TCP_ADDR: "10.0.0.7",
      VERDICT_REDIS_PORT: "tcp://10.0.0.8:6379",
    };
    expect(messages(parse(links))).toEqual([]);
  });

  test("what clients read is accepted, whatever its value, and other programs' variables are not looked at", () => {
    const clients = Object.fromEntries(Object.keys(CLIENT_VARIABLES).map((name) => [name, "anything"]));
    expect(config({ ...clients, PATH: "/bin", VERDICTS: "1", PORT: "x" })).toEqual(config({}));
  });
});

describe("values", () => {
  test("an empty environment gives the documented defaults: embedded, on loopback only", () => {
    expect(config({})).toEqual({
      mode: "embedded",
      listen: { kind: "tcp", host: "127.0.0.1", port: 8181 },
      dataDir: "/srv/agents/.verdict",
      writerDir: "/srv/agents/.verdict",
      workers: 1,
      rulesDir: "/opt/verdict/rules",
      allowedHosts: ["localhost", "127.0.0.1", "[::1]"],
      logLevel: "info",
      auditSpoolBytesMax: 2 ** 30,
      auditDurability: "os",
      auditCheckpointRecords: 1000,
      auditCheckpointSeconds: 60,
      auditRedactPaths: [],
      approvalsPendingMax: 50,
      approvalsRetentionDays: 90,
      queueMsMax: 500,
      cacheTtlSeconds: 5,
      shutdownTimeoutMs: 10_000,
      keyRefreshMs: 2_000,
    });
  });

  test("an empty string counts as unset, for every variable", () => {
    expect(config(Object.fromEntries(SERVICE_VARIABLE_NAMES.map((name) => [name, ""])))).toEqual(config({}));
  });

  test.each([
    ["127.0.0.1:0", { kind: "tcp", host: "127.0.0.1", port: 0 }],
    ["0.0.0.0:80", { kind: "tcp", host: "0.0.0.0", port: 80 }],
    ["localhost:8181", { kind: "tcp", host: "localhost", port: 8181 }],
    ["[::1]:8181", { kind: "tcp", host: "::1", port: 8181 }],
    ["unix:/run/verdict.sock", { kind: "unix", path: "/run/verdict.sock" }],
    ["unix:verdict.sock", { kind: "unix", path: "/srv/agents/verdict.sock" }],
  ])("VERDICT_LISTEN=%s", (text, listen) => {
    expect(config({ VERDICT_LISTEN: text }).listen).toEqual(listen);
  });

  test("a socket besides is found from the working directory", () => {
    expect(config({ VERDICT_LISTEN_SOCKET: "run/verdict.sock" }).listenSocket).toBe("/srv/agents/run/verdict.sock");
  });

  test("hosts are lower case, IPv6 in brackets, without repetition", () => {
    const env = { VERDICT_ALLOWED_HOSTS: "PDP.internal:8181, ::1,[::1] ,10.0.0.1,pdp.internal" };
    expect(config(env).allowedHosts).toEqual(["pdp.internal:8181", "[::1]", "10.0.0.1", "pdp.internal"]);
  });

  test.each([
    ["1048576", 2 ** 20],
    ["64MiB", 2 ** 26],
    ["2048KiB", 2 ** 21],
    ["1024GiB", 2 ** 40],
  ])("VERDICT_AUDIT_SPOOL_BYTES_MAX=%s", (text, bytes) => {
    expect(config({ VERDICT_AUDIT_SPOOL_BYTES_MAX: text }).auditSpoolBytesMax).toBe(bytes);
  });

  test.each(["os", "disk"])("VERDICT_AUDIT_DURABILITY=%s", (durability) => {
    expect(config({ VERDICT_AUDIT_DURABILITY: durability }).auditDurability).toBe(durability);
  });

  test("relative folders start at the working directory of the start, not of a request", () => {
    const { dataDir, rulesDir } = config({ VERDICT_DATA_DIR: "../data", VERDICT_RULES_DIR: "rules" });
    expect([dataDir, rulesDir]).toEqual(["/srv/data", "/srv/agents/rules"]);
  });
});

describe("mode", () => {
  const databases = [
    "postgres://a:b@db:5432/verdict",
    "postgresql://db/v?sslmode=require",
    "postgres://a:b@h1:1,h2:2/v",
  ];
  test.each(databases)("server with DATABASE_URL, which is kept as it was given", (databaseUrl) => {
    expect(config({ DATABASE_URL: databaseUrl })).toMatchObject({ mode: "server", databaseUrl });
    expect(config({ DATABASE_URL: databaseUrl })).not.toHaveProperty("redisUrl");
  });

  test("Redis is optional in server mode", () => {
    const env = { DATABASE_URL: "postgres://db/v", REDIS_URL: "rediss://:p@cache:6379/0" };
    expect(config(env)).toMatchObject({ mode: "server", redisUrl: env.REDIS_URL });
  });

  test("several workers without a database are refused with what to do, and are none with it", () => {
    expect(messages(parse({ VERDICT_WORKERS: "2" }))).toEqual([
      "VERDICT_WORKERS: more than 1 without DATABASE_URL; set DATABASE_URL as well for server mode, or unset it: the embedded database is for one process",
    ]);
    expect(config({ VERDICT_WORKERS: "1" }).workers).toBe(1);
    expect(config({ VERDICT_WORKERS: "2", DATABASE_URL: "postgres://db/v" }).workers).toBe(2);
  });

  test("Redis without a database is refused with what to do", () => {
    expect(messages(parse({ REDIS_URL: "redis://cache" }))).toEqual([
      "REDIS_URL: set without DATABASE_URL; set DATABASE_URL as well for server mode, or unset REDIS_URL for embedded mode",
    ]);
  });
});

test("the configuration cannot be changed after the start", () => {
  const frozen = config({ DATABASE_URL: "postgres://db/v" });
  expect([frozen, frozen.listen, frozen.allowedHosts].every(Object.isFrozen)).toBe(true);
});

test("no environment makes the parser throw, and a refusal always says why", () => {
  const name = fc.oneof(
    fc.constantFrom(...SERVICE_VARIABLE_NAMES),
    fc.string().map((text) => `VERDICT_${text}`),
  );
  fc.assert(
    fc.property(fc.dictionary(name, fc.string({ unit: "binary" })), (env) => {
      const result = parse(env);
      expect(result.ok || result.problems.length > 0).toBe(true);
    }),
  );
});

test("what is recorded of a configuration does not say where the database is", () => {
  const shown = JSON.stringify(
    describeConfig(config({ DATABASE_URL: "postgres://u:p@db/v", REDIS_URL: "redis://cache" })),
  );
  expect(shown).toContain('"mode":"server"');
  expect(shown).toContain('"hasRedis":true');
  expect(shown).not.toMatch(/postgres|cache\b|redis:/);
});

test.each(["arguments", "/a~2", "/a,", ","])("VERDICT_AUDIT_REDACT_PATHS=%s is refused", (text) => {
  expect(messages(parse({ VERDICT_AUDIT_REDACT_PATHS: text }))[0]).toContain("expected JSON pointers");
});

test("paths to redact are JSON pointers, and files are found from the working directory", () => {
  const found = config({
    VERDICT_AUDIT_REDACT_PATHS: "/arguments/ssn, /arguments/rows/*/a~1b",
    VERDICT_AUDIT_SIGNING_KEY_FILE: "keys/signing.pem",
    VERDICT_WEBHOOKS_FILE: "webhooks.yaml",
  });
  expect(found.auditRedactPaths).toEqual(["/arguments/ssn", "/arguments/rows/*/a~1b"]);
  expect(found.auditSigningKeyFile).toBe("/srv/agents/keys/signing.pem");
  expect(found.webhooksFile).toBe("/srv/agents/webhooks.yaml");
});

describe("docs/configuration.md", () => {
  const page = readFileSync(join(import.meta.dirname, "../../docs/configuration.md"), "utf8");
  const rows = (heading: string) => {
    const section = page.split(/^## /m).find((part) => part.startsWith(heading)) ?? "";
    const lines = section.split("\n").filter((line) => line.startsWith("| `"));
    return lines.map((line) => line.replace(/ +/g, " "));
  };

  test("its table says exactly what the schema says", () => {
    const expected = SERVICE_VARIABLE_NAMES.map((name) => {
      const about = aboutVariable(name);
      const byDefault = about.default === undefined ? "unset" : code(about.default);
      return `| \`${name}\` | ${byDefault} | ${about.allowed} | ${about.description} |`;
    });
    expect(rows("Variables of the service")).toEqual(expected);
  });

  test("it names every variable that clients read", () => {
    const expected = Object.entries(CLIENT_VARIABLES).map(([name, description]) => `| \`${name}\` | ${description} |`);
    expect(rows("Variables of clients")).toEqual(expected);
  });

  function code(text: string): string {
    return text.includes(" ") ? text : `\`${text}\``;
  }
});
