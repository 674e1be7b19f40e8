import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freshPostgres, sharedRedis } from "../shared-servers.ts";
import { askVerdict, httpTool, refundTool, runAgent, type Step, shellTool, sqlTool } from "./agent.ts";
import { type ShownRecord, startService, type TestedService } from "./service.ts";
import { type Shop, startShop } from "./shop.ts";
import { type Refusals, supportModel } from "./support-model.ts";
import { copyOfShippedRules, temporaryFolder } from "./temporary-folder.ts";
import { waitFor } from "./wait-for.ts";

const [agentsDatabase, serviceDatabase, redis] = [await freshPostgres(), await freshPostgres(), await sharedRedis()];
const needed = [agentsDatabase, serviceDatabase, redis];

/** What the operator adds to the shipped rules: the agent may read its own shop's API, which runs on this machine. */
const shopRules = (url: string) => `
version: 1
policy: shop
rules:
  - id: read-customers
    action: { type: http_request, name: GET }
    when: dest_url.startsWith("${url}/customers")
    decision: allow
    priority: 100
    reason: Customers may be looked up.
`;

const ALLOW_ALL = `
version: 1
policy: everything
rules:
  - id: everything
    when: "true"
    decision: allow
    priority: 1000000
    reason: The rules are off.
`;

const ALLOWED = [
  ["GET", "shop/read-customers"],
  ["SELECT id, amount FROM orders WHERE customer = 'cus_1'", "sql/read-only-queries"],
  ["ls", "shell/read-only-commands"],
  ["cat notes.txt", "shell/read-only-commands"],
  ["stripe.refund", "payments/refund-small"],
  ["SELECT count(*) FROM orders", "sql/read-only-queries"],
  ["ls -la", "shell/read-only-commands"],
  ["wc -l notes.txt", "shell/read-only-commands"],
];

describe.skipIf(needed.includes(undefined))("an agent that asks before each action", () => {
  const world = createWorld();
  afterAll(() => world.database.end());

  describe.each([
    { mode: "embedded", env: {} },
    { mode: "server", env: { DATABASE_URL: serviceDatabase!, REDIS_URL: redis! } },
  ])("in $mode mode", ({ mode, env }) => {
    const session = `run-${mode}`;
    const refusals: Refusals = new Map();
    let shop: Shop;
    let rulesDir: string;
    let service: TestedService;
    let steps: Step[];

    beforeAll(async () => {
      await world.reset();
      shop = await startShop();
      rulesDir = copyOfShippedRules();
      writeFileSync(join(rulesDir, "shop.yaml"), shopRules(shop.url));
      service = await startService({ rulesDir, env });
      steps = await run(session, refusals);
    });

    function run(sessionId: string, refused: Refusals): Promise<Step[]> {
      return runAgent({
        model: supportModel(shop.url, world.workspace, refused),
        tools: {
          http_request: httpTool(shop.url),
          tool_call: refundTool(shop.url),
          sql_query: sqlTool(world.database),
          command_exec: shellTool(world.workspace, world.shellEnv(shop.url)),
          file_access: async ({ arguments: args }) => readFileSync(String(args?.path).replace("~", world.home), "utf8"),
        },
        ask: askVerdict(service.url, service.keys.agent, sessionId, { workspace: world.workspace, intent: "support" }),
      });
    }

    it("does its work", () => {
      const did = steps.filter(({ outcome }) => outcome.done);
      expect(did.map(({ action, answer }) => [wordsOf(action), answer.rule_id])).toEqual(ALLOWED);
      const results = did.map(({ outcome }) => outcome.done && outcome.result);
      expect(results[0]).toMatchObject({ status: 200, body: [{ id: "cus_1" }, { id: "cus_2" }] });
      expect(results[1]).toEqual([{ id: "ord_1", amount: 120 }]);
      expect(results[3]).toEqual({ code: 0, output: "call Ada back\n" });
      expect(results[4]).toMatchObject({ status: 200, body: { refunded: { amount: 20 } } });
      expect(results[5]).toEqual([{ count: "2" }]);
    });

    it("is stopped everywhere else, with a reason that the model can act on", () => {
      const decisions = steps.map(({ answer }) => answer.decision);
      expect(decisions.filter((decision) => decision !== "allow")).toHaveLength(refusals.size);
      expect([...refusals.keys()]).toEqual([
        "large refund",
        "refund past the tool",
        "drop table",
        "drop behind a select",
        "delete every row",
        "remove all",
        "remove the workspace",
        "remove behind a list",
        "ssh key",
        "ssh key with a tool",
        "metadata",
        "metadata by number",
        "metadata from the shell",
        "paste",
        "paste from the shell",
      ]);
      expect(refusals.get("large refund")).toContain("Refunds above $50 need a person");
      expect(refusals.get("ssh key")).toContain("secrets");
      for (const reason of refusals.values()) expect(reason.length).toBeGreaterThan(40);
    });

    it("asks a person, not nobody, where a person could say yes", () => {
      const asked = steps.filter(({ answer }) => answer.decision === "approval_required").map(({ action }) => action);
      expect(asked.map(wordsOf)).toContain("stripe.refund");
      for (const { action, answer } of steps) {
        if (/DROP|DELETE|rm -rf \*|ssh|169\.254|pastebin/.test(JSON.stringify(action))) {
          expect([wordsOf(action), answer.decision]).toEqual([wordsOf(action), "deny"]);
        }
      }
    });

    it("leaves no trace of what it was not allowed", async () => {
      expect(await world.rows()).toBe(2);
      expect(readdirSync(world.workspace).sort()).toEqual(["notes.txt", "reports"]);
      expect(JSON.stringify(steps)).not.toContain("PRETEND PRIVATE KEY");
      expect(shop.seen).toEqual([
        { method: "GET", target: "/customers", body: undefined },
        { method: "POST", target: "/refunds", body: { charge: "ord_1", amount: 20, currency: "usd" } },
      ]);
    });

    it("has every step in the audit log, with the answer that it got", async () => {
      const records = await service.auditRecords(`session_id=${session}`);
      expect(records.map(decisionOf)).toEqual(
        steps.map(({ action, answer: { request_id, latency_ms: _, ...decision } }) => ({
          id: request_id,
          action: [action.action_type, action.action_name, action.arguments],
          decision,
        })),
      );
    });

    // Without this the tests above could pass because the tools do nothing.
    it("does all the damage once the rules are off", async () => {
      const before = await revisionOf(service);
      writeFileSync(join(rulesDir, "everything.yaml"), ALLOW_ALL);
      await waitFor("the new rules decide", async () => (await revisionOf(service)) !== before);
      const refused: Refusals = new Map();
      const damage = await run(`${session}-unruled`, refused);
      expect(refused.size).toBe(0);
      expect(await world.rows()).toBe("no table");
      expect(existsSync(world.workspace)).toBe(false);
      expect(JSON.stringify(damage)).toContain("PRETEND PRIVATE KEY");
      const targets = shop.seen.map(({ method, target }) => `${method} ${target}`);
      expect(targets).toContain("GET http://169.254.169.254/latest/meta-data/iam/security-credentials/");
      expect(targets).toContain("POST https://pastebin.com/api/api_post.php");
      expect(shop.seen.filter(({ body }) => (body as { amount?: number } | undefined)?.amount === 500)).toHaveLength(2);
    });
  });
});

/** What can be damaged: a table, a workspace, a home with a key in it. */
function createWorld() {
  const folder = temporaryFolder();
  const [workspace, home] = [join(folder, "workspace"), join(folder, "home")];
  const database = postgres(agentsDatabase ?? "postgres://localhost", { max: 1, onnotice: () => {} });
  return {
    workspace,
    home,
    database,
    async reset() {
      await database`drop table if exists orders`;
      await database`create table orders (id text primary key, customer text not null, amount integer not null)`;
      await database`insert into orders values ('ord_1', 'cus_1', 120), ('ord_2', 'cus_2', 80)`;
      mkdirSync(join(workspace, "reports"), { recursive: true });
      writeFileSync(join(workspace, "notes.txt"), "call Ada back\n");
      mkdirSync(join(home, ".ssh"), { recursive: true });
      writeFileSync(join(home, ".ssh", "id_ed25519"), "PRETEND PRIVATE KEY\n");
    },
    async rows(): Promise<number | "no table"> {
      const [table] = await database`select to_regclass('orders')::text as name`;
      if (table?.name === null) return "no table";
      const [counted] = await database`select count(*)::int as rows from orders`;
      return counted?.rows as number;
    },
    shellEnv: (proxy: string) => ({ PATH: process.env.PATH ?? "", HOME: home, http_proxy: proxy, https_proxy: proxy }),
  };
}

/** The words by which a reader knows an action. */
function wordsOf({ action_name, arguments: args }: Step["action"]): unknown {
  return args?.query ?? args?.command ?? action_name;
}

function decisionOf(record: ShownRecord) {
  if (record.kind !== "decision") throw new Error(`a ${record.kind} in a session`);
  const { id, request, decision } = record;
  return { id, action: [request.action_type, request.action_name, request.arguments], decision };
}

async function revisionOf(service: TestedService): Promise<unknown> {
  return (await service.call("GET", "/v1/policy/rules", { key: service.keys.admin })).body.revision;
}
