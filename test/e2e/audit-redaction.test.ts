import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import postgresClient from "postgres";
import { beforeAll, describe, expect, it } from "vitest";
import { createTestDatabase, startPostgres } from "../servers.ts";
import { ownServer } from "../shared-servers.ts";
import { spooledBy } from "./audit-spooled.ts";
import { OPERATOR_KINDS, OPERATOR_RULES, type Planted, SECRET_KINDS } from "./planted-secrets.ts";
import { startService, type TestedService } from "./service.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { waitFor } from "./wait-for.ts";

const postgres = await ownServer(startPostgres);
const EVALUATE = "/v1/policy/evaluate";
const DEPTH_MAX = 8;

/** Their errors quote what they were given. */
const RULES = `
version: 1
policy: erring
rules:
  - { id: key, when: 'arguments.map[arguments.key] == "x"', decision: deny, reason: Reads a field by a name from the request. }
  - { id: int, when: int(arguments.key) > 3, decision: deny, reason: Reads a number. }
  - { id: time, when: 'timestamp(arguments.key) > timestamp("2020-01-01T00:00:00Z")', decision: deny, reason: Reads a time. }
  - { id: duration, when: 'duration(arguments.key) > duration("1s")', decision: deny, reason: Reads a duration. }
  - { id: pattern, when: '"a".matches(arguments.key + "(")', decision: deny, reason: Reads a pattern. }
  - { id: login, when: 'arguments.map[arguments.password] == "x"', decision: deny, reason: Reads a password. }
`;

/** One request with one secret in it. */
interface Sent {
  readonly planted: Planted;
  readonly place: string;
  readonly path?: string;
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly key?: "agent" | "gateway" | "admin";
}

describe.skipIf(postgres === undefined)("secrets in requests", () => {
  let service: TestedService;
  let answered: Sent[];
  let refused: Sent[];
  /** Bodies of the answers that were no 200, each with what was sent. */
  const problems: { readonly sent: Sent; readonly text: string }[] = [];
  let spooled: string;
  let records: number;

  beforeAll(async () => {
    const rulesDir = join(temporaryFolder(), "rules");
    mkdirSync(rulesDir);
    writeFileSync(join(rulesDir, "erring.yaml"), RULES);
    const rulesFile = join(temporaryFolder(), "secrets.toml");
    writeFileSync(rulesFile, OPERATOR_RULES);
    databaseUrl = (await createTestDatabase(postgres!.url)).url;
    const env = {
      DATABASE_URL: databaseUrl,
      VERDICT_LOG_LEVEL: "trace",
      VERDICT_AUDIT_REDACT_RULES_FILE: rulesFile,
    };
    service = await startService({ rulesDir, env });
    const kinds = [...SECRET_KINDS, ...OPERATOR_KINDS];
    answered = kinds.flatMap(({ make }) => validRequests(make));
    refused = kinds.flatMap(({ make }) => invalidRequests(make));

    // While the database is away, every record is in the spool's files.
    await postgres!.stop();
    for (const sent of answered) {
      const { status, text } = await send(service, sent);
      if (status !== 200) throw new Error(`${sent.place}, ${sent.planted.kind}: ${status} ${text}`);
    }
    for (const sent of refused) {
      const { status, text } = await send(service, sent);
      if (status < 400) throw new Error(`${sent.place}, ${sent.planted.kind}: ${status} ${text}`);
      problems.push({ sent, text });
    }
    spooled = filesIn(service.dataDir);
    await postgres!.start();
    await waitFor("all records arrive", async () => (await spooledBy(service)) === 0);
    records = (await service.auditRecords("kind=decision")).length;
  });
  let databaseUrl: string;

  const leaksIn = (text: string) =>
    [...answered, ...refused]
      .filter(({ planted: { secret } }) => halvesOf(secret).some((half) => text.includes(half)))
      .map(({ place, planted }) => `${planted.kind} in ${place}`);
  const read = async (path: string) => {
    const { status, body } = await service.call<unknown>("GET", path, { key: service.keys.admin });
    expect([path, status]).toEqual([path, 200]);
    return typeof body === "string" ? body : JSON.stringify(body);
  };

  it("were recorded, each request once, and are looked for in texts that hold the rest of them", () => {
    expect(records).toBe(answered.length);
    expect(spooled.split(MARK).length).toBeGreaterThan(answered.length);
  });

  it("are not in the spool's files, nor anywhere else in the data directory", () => {
    expect(leaksIn(spooled)).toEqual([]);
  });

  it("are not in the database", async () => {
    const dump = await dumpOf(databaseUrl);
    expect(dump.split(MARK).length).toBeGreaterThan(answered.length);
    expect(leaksIn(dump)).toEqual([]);
  });

  it.each(["/v1/audit/export", "/v1/audit/export?format=csv", "/metrics"])("are not in %s", async (path) => {
    expect(leaksIn(await read(path))).toEqual([]);
  });

  it("are not in the lists and records of /v1/audit", async () => {
    const shown = await service.auditRecords("kind=decision");
    expect(leaksIn(JSON.stringify(shown))).toEqual([]);
    expect(leaksIn(await read(`/v1/audit/${shown.at(-1)!.id}`))).toEqual([]);
    expect(leaksIn(await read(`/v1/policy/evaluations/${shown.at(-1)!.id}`))).toEqual([]);
  });

  it("are not in the log, at the level that tells most", () => {
    expect(leaksIn(service.output)).toEqual([]);
  });

  it("are not quoted by refusals, unless they are the name of the field that is refused", () => {
    const quoting = problems.filter(({ sent, text }) => !isName(sent) && text.includes(sent.planted.secret));
    expect(quoting.map(({ sent, text }) => `${sent.planted.kind} in ${sent.place}: ${text}`)).toEqual([]);
  });
});

/** A secret that is replaced in part is as good as given away. */
const halvesOf = (secret: string) => {
  const middle = Math.ceil(secret.length / 2);
  return [secret.slice(0, middle), secret.slice(middle)];
};

/** A pointer to a field has its name in it: that is how the sender finds it. */
const isName = ({ place }: Sent) => place.startsWith("name of");

const MARK = "planted-request";

function tool(changes: object): object {
  return { action_type: "tool_call", action_name: "crm.update", context: { mark: MARK }, ...changes };
}

/** What the service decides on, with a new secret in every place that can hold one of this kind. */
function validRequests(make: () => Planted): Sent[] {
  const at = (place: string, build: (planted: Planted) => Omit<Sent, "planted" | "place">): Sent => {
    const planted = make();
    return { planted, place, ...build(planted) };
  };
  const anywhere = [
    at("arguments", (planted) => ({ body: tool({ arguments: deep(planted) }) })),
    at("context", (planted) => ({ body: tool({ context: { mark: MARK, deeper: deep(planted) } }) })),
    at("identity attributes", (planted) => ({
      body: tool({ identity: { name: "a", attributes: deep(planted) } }),
      key: "gateway",
    })),
    at("a batch", (planted) => ({
      path: `${EVALUATE}/batch`,
      body: { requests: [tool({ arguments: deep(planted) })] },
    })),
  ];
  const { field } = make();
  if (field === "password") {
    return [
      ...anywhere,
      at("a password that a rule reads", ({ secret }) => ({
        body: tool({ arguments: { password: secret, map: {} } }),
      })),
    ];
  }
  if (field !== undefined) return anywhere;
  return [
    ...anywhere,
    at("a key of an object", ({ text }) => ({ body: tool({ arguments: { a: [{ [text]: 1 }] } }) })),
    at("what rules err about", ({ text }) => ({ body: tool({ arguments: { key: text, map: {} } }) })),
    at("what rules err about, explained", ({ text }) => ({
      body: tool({ arguments: { key: text, map: {} }, explain: true }),
    })),
    at("destination.command", ({ text }) => ({ body: tool({ destination: { command: text } }) })),
    at("destination.path", ({ text }) => ({ body: tool({ destination: { path: `/${text}` } }) })),
    ...(make().text.length > 256
      ? []
      : [
          at("action_name", ({ text }) => ({ body: tool({ action_name: text }) })),
          at("session_id", ({ text }) => ({ body: tool({ session_id: text }) })),
          at("approval_id", ({ text }) => ({ body: tool({ approval_id: text }) })),
          at("identity.name", ({ text }) => ({ body: tool({ identity: { name: text } }), key: "gateway" as const })),
          at("identity.roles", ({ text }) => ({
            body: tool({ identity: { roles: [text] } }),
            key: "gateway" as const,
          })),
        ]),
    ...(make().text.startsWith("https://")
      ? [at("destination.url", ({ text }) => ({ body: tool({ destination: { url: text } }) }))]
      : []),
    ...(/^[\w.-]{1,100}$/.test(make().text)
      ? [at("X-Request-ID", ({ text }) => ({ body: tool({}), headers: { "x-request-id": text } }))]
      : []),
  ];
}

/** What the service refuses, each time for another reason. */
function invalidRequests(make: () => Planted): Sent[] {
  const at = (place: string, build: (planted: Planted) => Omit<Sent, "planted" | "place">): Sent => {
    const planted = make();
    return { planted, place, ...build(planted) };
  };
  const json = (planted: Planted) => JSON.stringify(tool({ arguments: deep(planted) }));
  return [
    at("a field of the wrong type", ({ text }) => ({ body: tool({ arguments: text }) })),
    at("a field that is too long", ({ text }) => ({ body: tool({ action_name: text.padEnd(300, ".") }) })),
    at("an unknown field's value", ({ text }) => ({ body: tool({ unknown: text }) })),
    at("name of an unknown field", ({ text }) => ({ body: tool({ [text]: 1 }) })),
    at("name of a field given twice", ({ text }) => ({
      body: `{"action_type":"t","action_name":"n","arguments":{${JSON.stringify(text)}:1,${JSON.stringify(text)}:2}}`,
    })),
    at("a field given twice", ({ text }) => ({
      body: `{"action_type":"t","action_name":"n","arguments":{"a":1,"a":${JSON.stringify(text)}}}`,
    })),
    at("JSON that is cut off", (planted) => ({ body: json(planted).slice(0, -3) })),
    at("JSON with a fault right behind it", (planted) => ({ body: `${json(planted).slice(0, -1)}!!` })),
    at("a body that is no JSON", ({ text }) => ({ body: text })),
    at("another media type", ({ text }) => ({ body: text, headers: { "content-type": "text/plain" } })),
    at("destination.url", ({ text }) => ({ body: tool({ destination: { url: `not a url ${text}` } }) })),
    at("destination.domain", ({ text }) => ({ body: tool({ destination: { domain: `${text} `.slice(-253) } }) })),
    at("a contradictory destination", ({ text }) => ({
      body: tool({ destination: { url: `https://h/${encodeURIComponent(text)}`, scheme: "ftp" } }),
    })),
    at("an identity that the key may not name", (planted) => ({
      body: tool({ identity: { name: "other", attributes: deep(planted) } }),
    })),
    at("a batch of the wrong shape", (planted) => ({ path: `${EVALUATE}/batch`, body: { requests: deep(planted) } })),
    at("a query parameter", ({ text }) => ({
      method: "GET",
      key: "admin",
      path: `/v1/audit?from=${encodeURIComponent(text)}`,
    })),
    at("a cursor", ({ text }) => ({
      method: "GET",
      key: "admin",
      path: `/v1/audit/stream?last_event_id=${encodeURIComponent(text)}`,
    })),
    at("the path", ({ text }) => ({ method: "GET", key: "admin", path: `/v1/audit/${encodeURIComponent(text)}` })),
    at("a path that is not there", ({ text }) => ({ method: "GET", path: `/v2/${encodeURIComponent(text)}` })),
    at("the API key", ({ text }) => ({
      body: tool({}),
      headers: { authorization: `Bearer ${text.replace(/[^\w.-]/g, "")}` },
    })),
  ];
}

/** In an object at a random depth, between arrays and other fields. */
function deep({ text, field }: Planted): object {
  let value: object = field === undefined ? { note: text } : { [field]: text };
  for (let depth = Math.floor(Math.random() * DEPTH_MAX); depth > 0; depth -= 1) {
    value = Math.random() < 0.5 ? { before: "ordinary", inner: value } : { list: ["ordinary", 1, value, null] };
  }
  return value;
}

async function send(service: TestedService, sent: Sent): Promise<{ status: number; text: string }> {
  const { method = "POST", path = EVALUATE, key = "agent", body, headers } = sent;
  const answer = await service.call<unknown>(method, path, {
    key: service.keys[key],
    ...(body === undefined ? {} : { body }),
    ...(headers && { headers }),
  });
  const text = typeof answer.body === "string" ? answer.body : JSON.stringify(answer.body);
  return { status: answer.status, text };
}

/** The content of all files, however deep. The first keys are there on purpose and are none of the planted ones. */
function filesIn(folder: string): string {
  const paths = readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => join(folder, name));
  return paths
    .filter((path) => statSync(path).isFile())
    .map((path) => readFileSync(path, "latin1"))
    .join("\n");
}

/** Every row of every table, with the indexed columns and the records themselves. */
async function dumpOf(url: string): Promise<string> {
  const client = postgresClient(url, { max: 1 });
  try {
    const tables = await client<{ name: string }[]>`
      select quote_ident(schemaname) || '.' || quote_ident(tablename) as name from pg_tables
      where schemaname not in ('pg_catalog', 'information_schema')`;
    const dumps: string[] = [];
    for (const { name } of tables) {
      const rows = await client.unsafe<{ row: string }[]>(`select t::text as row from ${name} t`);
      dumps.push(...rows.map(({ row }) => row));
    }
    return dumps.join("\n");
  } finally {
    await client.end();
  }
}
