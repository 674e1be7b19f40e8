import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { RequestListener, Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command, CommanderError } from "commander";
import { publicKeyPem } from "../src/audit/index.ts";
import { addAudit } from "../src/cli/audit/commands.ts";
import { createAuditFiles } from "../src/cli/audit/files.ts";
import { createHttpAuditService } from "../src/cli/audit/http-service.ts";
import { describeFailure } from "../src/cli/cli-error.ts";
import type { CliDeps, KeyAdminOptions } from "../src/cli/index.ts";
import { createNodeServer } from "../src/http/index.ts";
import { createTestService } from "./test-service.ts";

export interface RunOptions extends Partial<CliDeps> {
  readonly stdin?: string;
}

/** A service that listens, a folder with its public key in `key.pem`, and the audit commands run in it with an auditor's key. */
export async function createAuditCli() {
  const verdict = await createTestService();
  const server: Server = createNodeServer(verdict.app.fetch, verdict.direct);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const folder = mkdtempSync(join(tmpdir(), "verdict-audit-"));
  writeFileSync(join(folder, "key.pem"), publicKeyPem(verdict.service.signer));
  /** Every service that was asked for. */
  const opened: KeyAdminOptions[] = [];

  async function run(argv: readonly string[], { stdin = "", ...overrides }: RunOptions = {}) {
    const out: string[] = [];
    const err: string[] = [];
    const deps = {
      env: { VERDICT_API_KEY: verdict.secrets.auditor, VERDICT_URL: url },
      cwd: folder,
      stdout: (text: string) => void out.push(text),
      stderr: (text: string) => void err.push(text),
      readFile: async (path: string) => readFileSync(path),
      isInteractive: false,
      isErrorInteractive: false,
      auditFiles: createAuditFiles(chunksOf(stdin)),
      readAuditKeys: async () => new Map<string, string>(),
      async openAuditService(options: KeyAdminOptions) {
        opened.push(options);
        return createHttpAuditService({ url: options.url ?? url, key: options.key ?? "none" });
      },
      now: () => 0,
      ...overrides,
    } as unknown as CliDeps;
    const { code, text } = await runProgram(argv, deps);
    return { code, stdout: out.join(""), stderr: err.join("") + text };
  }

  return {
    verdict,
    server,
    url,
    folder,
    opened,
    run,
    /** Answers every request of the commands in the service's place. */
    answer(listener: RequestListener) {
      server.removeAllListeners("request").on("request", listener);
    },
    /** Decisions with a checkpoint in the middle. */
    async record(count: number) {
      for (let n = 0; n < count; n++) {
        await verdict.evaluate({ action_type: "tool_call", action_name: "crm.get", arguments: { n } });
        if (n === count >> 1) await verdict.spool.checkpoint();
      }
    },
    async exported(): Promise<string> {
      const headers = { host: "localhost", authorization: `Bearer ${verdict.secrets.auditor}` };
      return (await verdict.app.request("http://localhost/v1/audit/export", { headers })).text();
    },
    close() {
      server.closeAllConnections();
      server.close();
      rmSync(folder, { recursive: true });
    },
  };
}

async function runProgram(argv: readonly string[], deps: CliDeps): Promise<{ code: number; text: string }> {
  let code = 0;
  const program = new Command().exitOverride().configureOutput({ writeOut: deps.stdout, writeErr: deps.stderr });
  addAudit(program, deps, (given) => {
    code = given;
  });
  try {
    await program.parseAsync([...argv], { from: "user" });
    return { code, text: "" };
  } catch (error) {
    if (error instanceof CommanderError) return { code: error.exitCode === 0 ? 0 : 2, text: "" };
    const { text, exitCode } = describeFailure(error);
    return { code: exitCode, text };
  }
}

async function* chunksOf(text: string): AsyncGenerator<Uint8Array, void> {
  yield Buffer.from(text);
}
