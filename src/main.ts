#!/usr/bin/env node
import { readFile, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { createLiveTerminal } from "./cli/approvals/terminal.ts";
import { createAuditFiles } from "./cli/audit/files.ts";
import { createHttpDecisionService } from "./cli/hook/http-decisions.ts";
import { createLintFiles } from "./cli/lint/files.ts";
import { runCli } from "./cli/run-cli.ts";
import { packageRoot } from "./package-root.ts";
import { holdYoungGeneration } from "./young-generation.ts";

// Only what is small is imported at once, and not by the folder's door: the loading of modules is most of what a short command
// takes.
const openRuleDirectory = async (dir: string, kind: "rules" | "fixtures" = "rules") =>
  (await import("./adapters/fs/rule-directory.ts")).createRuleDirectory({ dir, kind });

const exitCode = await runCli(process.argv.slice(2), {
  env: process.env,
  cwd: process.cwd(),
  stdout: (text) => process.stdout.write(text),
  stderr: (text) => process.stderr.write(text),
  readStdin: async () => Buffer.concat(await process.stdin.toArray()),
  readFile: (path) => readFile(path),
  isInteractive: process.stdout.isTTY === true,
  isErrorInteractive: process.stderr.isTTY === true,
  async serve() {
    const letGrow = holdYoungGeneration();
    return (await import("./run-service.ts")).runService(process.env, letGrow);
  },
  defaultRulesDir: resolve(process.env.VERDICT_RULES_DIR || resolve(packageRoot, "rules")),
  async readRules(dir) {
    const read = await (await openRuleDirectory(dir)).read();
    if (read.ok) await (await import("./operations/rule-sets/load-parsers.ts")).loadParsers(read.sources);
    return read;
  },
  testFiles: {
    readFixtures: async (dir) => (await openRuleDirectory(dir, "fixtures")).read(),
    watch: async (dir, onChange, onError) => (await openRuleDirectory(dir)).watch(onChange, onError),
    write: (path, text) => writeFile(path, text),
  },
  lintFiles: createLintFiles(),
  openKeyAdmin: async (options) => (await import("./open-key-admin.ts")).openKeyAdmin(process.env, options),
  auditFiles: createAuditFiles(process.stdin),
  readAuditKeys: async () =>
    (await import("./adapters/fs/audit-keys.ts")).readPublicKeyFiles(
      resolve(process.env.VERDICT_DATA_DIR || ".verdict"),
    ),
  openAuditService: async (options) => (await import("./open-audit-service.ts")).openAuditService(process.env, options),
  openReplayThreads: async (candidate, signal) =>
    (await import("./open-replay-threads.ts")).openReplayThreads(candidate, signal),
  openApprovalInbox: async (options) =>
    (await import("./open-approval-inbox.ts")).openApprovalInbox(process.env, options),
  openDecisionService: createHttpDecisionService,
  terminal: createLiveTerminal(process),
  now: () => Date.now(),
});
// What was printed into a pipe is written before the process ends.
process.stdout.write("", () => process.exit(exitCode));
