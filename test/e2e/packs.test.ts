import { beforeAll, describe, expect, it } from "vitest";
import { startService, type TestedService } from "./service.ts";
import { copyOfShippedRules } from "./temporary-folder.ts";

const command = (text: string) => ({ action_type: "command_exec", action_name: "bash", arguments: { command: text } });
const query = (text: string) => ({ action_type: "sql_query", action_name: "shop-db", arguments: { query: text } });
const tool = (args: object) => ({ action_type: "tool_call", action_name: "browser.open", arguments: args });

/** A few of each, so that what is built and shipped has its parsers. */
const CASES = [
  ["a look around", command("git status && ls -la src | head -5"), "allow"],
  ["tests of the workspace", command("npm test -- --run"), "allow"],
  ["a home that is removed", command("git status; sudo /bin/rm -fr ~"), "deny"],
  ["the same in base64", command("echo cm0gLXJmIH4K | base64 -d | sh"), "deny"],
  ["a program that is only known when it runs", command("$TOOL --now"), "approval_required"],
  ["a question to the database", query("SELECT status, count(*) FROM orders GROUP BY status"), "allow"],
  ["a change in a question", query("WITH x AS (DELETE FROM orders RETURNING *) SELECT * FROM x"), "deny"],
  ["a change of one row", query("UPDATE orders SET status = 'paid' WHERE id = 7"), "approval_required"],
  ["a file of the server", query("SELECT pg_read_file('/etc/passwd')"), "deny"],
  ["an injected condition", query("SELECT name FROM users WHERE name = '' OR '1'='1'"), "approval_required"],
  ["the machine itself, in octal", tool({ page: "http://0177.0.0.1/" }), "deny"],
] as const;

describe("the shipped packs in a service", () => {
  let service: TestedService;
  beforeAll(async () => {
    service = await startService({ rulesDir: copyOfShippedRules() });
  });

  it.each(CASES)("%s", async (_name, request, decision) => {
    expect(await service.evaluate(request)).toMatchObject({ decision });
  });
});
