#!/usr/bin/env node
import { readFile, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { readPublicKeyFiles } from "./adapters/fs/audit-keys.ts";
import { createRuleDirectory } from "./adapters/fs/rule-directory.ts";
import {
  createAuditFiles,
  createHttpDecisionService,
  createLintFiles,
  createLiveTerminal,
  runCli,
} from "./cli/index.ts";
import { loadParsers } from "./operations/load-parsers.ts";
import { packageRoot } from "./package-root.ts";

/** The service and the key store bring a database with them; `verdict rules check` should not wait for that. */
const exitCode = await runCli(process.argv.slice(2), {
  env: process.env,
  cwd: process.cwd(),
  stdout: (text) => process.stdout.write(text),
  stderr: (text) => process.stderr.write(text),
  readStdin: async () => Buffer.concat(await process.stdin.toArray()),
  readFile: (path) => readFile(path),
  isInteractive: process.stdout.isTTY === true,
  isErrorInteractive: process.stderr.isTTY === true,
  serve: async () => (await import("./run-service.ts")).runService(process.env),
  defaultRulesDir: resolve(process.env.VERDICT_RULES_DIR || resolve(packageRoot, "rules")),
  async readRules(dir) {
    const read = await createRuleDirectory({ dir }).read();
    if (read.ok) await loadParsers(read.sources);
    return read;
  },
  testFiles: {
    readFixtures: (dir) => createRuleDirectory({ dir, kind: "fixtures" }).read(),
    watch: (dir, onChange, onError) => createRuleDirectory({ dir }).watch(onChange, onError),
    write: (path, text) => writeFile(path, text),
  },
  lintFiles: createLintFiles(),
  openKeyAdmin: async (options) => (await import("./open-key-admin.ts")).openKeyAdmin(process.env, options),
  auditFiles: createAuditFiles(process.stdin),
  readAuditKeys: () => readPublicKeyFiles(resolve(process.env.VERDICT_DATA_DIR || ".verdict")),
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
