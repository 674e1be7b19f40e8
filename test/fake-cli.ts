import { Readable } from "node:stream";
import { createAuditFiles } from "../src/cli/audit/files.ts";
import { createHttpDecisionService } from "../src/cli/hook/http-decisions.ts";
import { type CliDeps, CliError, type CreateKeyInput, type KeyAdmin, type KeyAdminOptions } from "../src/cli/index.ts";
import { runCli } from "../src/cli/run-cli.ts";
import type { ApiKey } from "../src/identity/index.ts";
import { createApiKey } from "../src/identity/index.ts";
import { AppError } from "../src/model/errors.ts";
import type { ReadResult } from "../src/rules/index.ts";

export const FAKE_NOW = Date.parse("2026-01-02T03:04:05Z");
export const FAKE_ID = "01890b6e-7c00-7000-8000-000000000000";

export interface FakeCliOptions extends Partial<CliDeps> {
  /** Rule files by absolute directory, by path in it; those that end with `.test.yaml` are fixtures. */
  readonly rules?: Record<string, Record<string, string>>;
  readonly files?: Record<string, string | Uint8Array>;
  readonly stdin?: string | Uint8Array;
  readonly keys?: ApiKey[];
}

/** The command line with everything around it in the test's hands; the working directory is `/home`. */
export function createFakeCli(options: FakeCliOptions = {}) {
  const { rules = {}, files = {}, stdin = "", keys = [], ...overrides } = options;
  const opened: KeyAdminOptions[] = [];
  const admin = fakeKeyAdmin(keys);
  const run = async (...argv: string[]) => {
    const out: string[] = [];
    const err: string[] = [];
    const code = await runCli(argv, {
      env: {},
      cwd: "/home",
      stdout: (text) => void out.push(text),
      stderr: (text) => void err.push(text),
      readStdin: async () => bytes(stdin),
      async readFile(path) {
        const content = files[path];
        if (content === undefined) throw Object.assign(new Error(`no ${path}`), { code: "ENOENT" });
        return bytes(content);
      },
      isInteractive: false,
      isErrorInteractive: false,
      serve: async () => 0,
      defaultRulesDir: "/opt/verdict/rules",
      readRules: async (dir) => readFake(rules[dir], dir, (path) => !isFixtureFile(path)),
      testFiles: {
        readFixtures: async (dir) => readFake(rules[dir], dir, isFixtureFile),
        watch: async () => async () => {},
        async write(path, text) {
          files[path] = text;
        },
      },
      lintFiles: {
        async replace(path, _before, after) {
          files[path] = after;
        },
      },
      async openKeyAdmin(target) {
        opened.push(target);
        return admin;
      },
      auditFiles: createAuditFiles(Readable.from([bytes(stdin)])),
      readAuditKeys: async () => new Map(),
      openAuditService: async () => {
        throw new CliError("there is no service");
      },
      openReplayThreads: async () => undefined,
      openApprovalInbox: async () => {
        throw new CliError("there is no service");
      },
      openDecisionService: createHttpDecisionService,
      terminal: { rows: () => 24, onEnd: () => () => {}, wait: async () => {} },
      now: () => FAKE_NOW,
      ...overrides,
    });
    return { code, stdout: out.join(""), stderr: err.join("") };
  };
  return { run, opened, admin, keys };
}

const bytes = (content: string | Uint8Array) => (typeof content === "string" ? Buffer.from(content) : content);

const isFixtureFile = (path: string) => path.endsWith(".test.yaml");

function readFake(
  files: Record<string, string> | undefined,
  dir: string,
  isWanted: (path: string) => boolean,
): ReadResult {
  if (files !== undefined) {
    const wanted = Object.entries(files).filter(([path]) => isWanted(path));
    return { ok: true, sources: wanted.map(([path, content]) => ({ path, content })) };
  }
  const message = `the rules directory \`${dir}\` does not exist`;
  const place = { file: ".", line: 1, column: 1 };
  return { ok: false, diagnostics: [{ ...place, severity: "error", code: "rules-directory-missing", message }] };
}

function fakeKeyAdmin(keys: ApiKey[]): KeyAdmin & { inputs: CreateKeyInput[]; closed: number } {
  const view = ({ hash: _, ...key }: ApiKey) => key;
  return {
    inputs: [],
    closed: 0,
    async list() {
      return keys.map(view);
    },
    async create(input) {
      this.inputs.push(input);
      const random = new Uint8Array(32).fill(keys.length + 1);
      const { key, secret } = createApiKey({ ...input, id: FAKE_ID, now: FAKE_NOW, random });
      keys.push(key);
      return { key: view(key), secret };
    },
    async revoke(id) {
      const key = keys.find((candidate) => candidate.id === id);
      if (key === undefined) throw new AppError("not_found", "There is no key with this id.");
      return { ...view(key), revokedAt: FAKE_NOW };
    },
    async close() {
      this.closed++;
    },
  };
}
