import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const ROOT = dirname(import.meta.dirname);
const BIOME = join(ROOT, "node_modules/@biomejs/biome/bin/biome");

/** What each folder must not be able to import: its neighbours, their insides, drivers and the platform. */
const DENIED_IMPORTS: Readonly<Record<string, readonly string[]>> = {
  model: ["node:fs", "node:crypto", "pino", "../cel/index.ts", "../rules/types.ts", "../main.ts"],
  address: ["node:fs", "node:dns", "libpg-query", "../cel/index.ts", "../webhooks/address-guard.ts"],
  sql: ["node:fs", "postgres", "unbash", "../cel/index.ts", "../model/request.ts", "../adapters/postgres/migrate.ts"],
  cel: ["node:fs", "@bufbuild/cel", "../rules/index.ts", "../engine/index.ts", "../telemetry/index.ts"],
  shell: ["node:fs", "node:child_process", "../cel/index.ts", "../rules/index.ts", "../model/ids.ts"],
  rules: [
    "node:fs",
    "chokidar",
    "../engine/index.ts",
    "../cel/parser.ts",
    "../cel/types.ts",
    "../adapters/fs/watch.ts",
  ],
  engine: [
    "node:fs",
    "node:crypto",
    "zod",
    "../http/app.ts",
    "../rules/index.ts",
    "../cel/values.ts",
    "../audit/index.ts",
  ],
  audit: ["node:fs", "postgres", "../engine/index.ts", "../identity/index.ts", "../adapters/memory/spool.ts"],
  approvals: [
    "node:fs",
    "ioredis",
    "../rules/index.ts",
    "../identity/types.ts",
    "../adapters/memory/approval-store.ts",
  ],
  webhooks: [
    "node:fs",
    "node:dns",
    "js-yaml",
    "../rules/index.ts",
    "../operations/service.ts",
    "../approvals/index.ts",
  ],
  redaction: ["node:fs", "re2js", "../audit/index.ts", "../cel/index.ts", "../adapters/memory/spool.ts"],
  gitleaks: ["node:fs", "node:crypto", "js-yaml", "../audit/index.ts", "../redaction/keyword-trie.ts"],
  fixtures: [
    "node:fs",
    "js-yaml",
    "../rules/rule-loader.ts",
    "../cel/parser.ts",
    "../operations/service.ts",
    "../audit/index.ts",
  ],
  lint: ["node:fs", "re2js", "../fixtures/index.ts", "../engine/index.ts", "../operations/rule-sets/check-rules.ts"],
  identity: ["node:fs", "hono", "../audit/index.ts", "../http/app.ts", "../adapters/postgres/key-store.ts"],
  replay: ["node:fs", "node:crypto", "../rules/index.ts", "../redaction/index.ts", "../adapters/memory/spool.ts"],
  diff: ["node:fs", "re2js", "../audit/index.ts", "../rules/index.ts", "../fixtures/index.ts"],
  operations: [
    "node:fs",
    "postgres",
    "../compose.ts",
    "../rules/rule-loader.ts",
    "../adapters/memory/spool.ts",
    "../http/app.ts",
    "../cel/values.ts",
    "../config/index.ts",
  ],
  "adapters/postgres": [
    "../../http/app.ts",
    "../../operations/decisions/evaluate.ts",
    "../../engine/index.ts",
    "../../compose.ts",
  ],
  http: [
    "postgres",
    "ioredis",
    "pino",
    "../adapters/memory/spool.ts",
    "../engine/index.ts",
    "../rules/index.ts",
    "../compose.ts",
  ],
  cli: ["postgres", "pino", "../adapters/memory/spool.ts", "../engine/index.ts", "../rules/index.ts", "../http/app.ts"],
  workers: ["postgres", "../adapters/memory/spool.ts", "../engine/index.ts", "../start-service.ts", "../http/app.ts"],
  config: [
    "node:fs",
    "pino",
    "../telemetry/index.ts",
    "../adapters/memory/spool.ts",
    "../operations/decisions/evaluate.ts",
  ],
  telemetry: ["node:fs", "ioredis", "../config/index.ts", "../operations/decisions/evaluate.ts", "../audit/index.ts"],
};

/** Folders with a folder for each of their parts, and what one of these may import. */
const NESTED = {
  operations: {
    part: "approvals",
    neighbours: ["../service.ts", "../rule-sets/active-rules.ts", "./approval-feed.ts", "../../rules/index.ts"],
  },
  cli: {
    part: "audit",
    neighbours: ["../deps.ts", "../service/client.ts", "./report-text.ts", "../../audit/index.ts"],
  },
};

const PURE_FOLDERS = [
  "model",
  "shell",
  "address",
  "sql",
  "cel",
  "rules",
  "engine",
  "audit",
  "approvals",
  "webhooks",
  "redaction",
  "gitleaks",
  "fixtures",
  "lint",
  "identity",
  "replay",
  "diff",
];
const IMPURE_GLOBALS = ["process", "fetch", "setTimeout", "setInterval", "setImmediate", "performance", "console"];
const IMPURE_CODE = [...IMPURE_GLOBALS, "crypto", "globalThis"].map((name) => `export const planted = ${name};`);

/** Every way to write an import. */
const FORMS = [
  (from: string) => `import * as planted from "${from}";\nexport const used = planted;`,
  (from: string) => `import type { Planted } from "${from}";\nexport type Used = Planted;`,
  (from: string) => `export { planted } from "${from}";`,
  (from: string) => `import "${from}";`,
  (from: string) => `export const planted = await import("${from}");`,
];

interface LintFinding {
  readonly category: string;
  readonly location: { readonly path: string };
}

describe("a planted violation fails the lint", () => {
  let folder: string;
  let findings: readonly LintFinding[];

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "verdict-architecture-"));
    copyFileSync(join(ROOT, "biome.json"), join(folder, "biome.json"));
    for (const [name, imports] of Object.entries(DENIED_IMPORTS)) {
      for (const [index, from] of imports.entries()) {
        for (const [form, write] of FORMS.entries()) plant(`src/${name}/import-${index}-${form}.ts`, write(from));
      }
      plant(`src/${name}/clean.ts`, 'import { neighbour } from "./neighbour.ts";\nexport const used = neighbour;');
    }
    for (const [name, { part, neighbours }] of Object.entries(NESTED)) {
      for (const [index, from] of DENIED_IMPORTS[name]!.entries()) {
        const code = FORMS[0]!(from.startsWith(".") ? `../${from}` : from);
        plant(`src/${name}/${part}/import-${index}.ts`, code);
      }
      const code = neighbours.map((from, at) => `export { each as each${at} } from "${from}";`).join("\n");
      plant(`src/${name}/${part}/clean.ts`, code);
    }
    for (const name of PURE_FOLDERS) {
      for (const [index, code] of IMPURE_CODE.entries()) plant(`src/${name}/global-${index}.ts`, code);
      plant(`src/${name}/clock.ts`, "export const planted = Date.now();");
    }
    findings = lint();
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each(Object.entries(DENIED_IMPORTS))("src/%s/ cannot import %j, however it is written", (name, imports) => {
    for (const index of imports.keys()) {
      for (const form of FORMS.keys()) {
        expect
          .soft(rulesFor(`src/${name}/import-${index}-${form}.ts`), imports[index])
          .toContain("noRestrictedImports");
      }
    }
  });

  test.each(Object.entries(NESTED))(
    "src/%s/*/ cannot import what that cannot, but its neighbours",
    (name, { part }) => {
      for (const [index, from] of DENIED_IMPORTS[name]!.entries()) {
        expect.soft(rulesFor(`src/${name}/${part}/import-${index}.ts`), from).toContain("noRestrictedImports");
      }
      expect(rulesFor(`src/${name}/${part}/clean.ts`)).toEqual([]);
    },
  );

  test.each(PURE_FOLDERS)("src/%s/ is pure: no I/O, no timers, no chance", (name) => {
    for (const [index, code] of IMPURE_CODE.entries()) {
      expect.soft(rulesFor(`src/${name}/global-${index}.ts`), code).toContain("noRestrictedGlobals");
    }
  });

  test("no pure folder reads the clock; only src/cel/ may use Date, to work with times it is given", () => {
    const free = PURE_FOLDERS.filter((name) => !rulesFor(`src/${name}/clock.ts`).includes("noRestrictedGlobals"));
    expect(free).toEqual(["cel"]);
  });

  test("a file that imports its neighbour is clean, so it is the violations that were found", () => {
    for (const name of Object.keys(DENIED_IMPORTS)) expect.soft(rulesFor(`src/${name}/clean.ts`)).toEqual([]);
  });

  function plant(path: string, code: string): void {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), `${code}\n`);
  }

  function lint(): LintFinding[] {
    const args = [BIOME, "lint", "--reporter=json", "--max-diagnostics=none", "src"];
    const { status, stdout } = spawnSync(process.execPath, args, { cwd: folder, encoding: "utf8", maxBuffer: 2 ** 28 });
    expect(status).toBe(1);
    return (JSON.parse(stdout) as { diagnostics: LintFinding[] }).diagnostics;
  }

  function rulesFor(path: string): string[] {
    return findings
      .filter((finding) => finding.location.path === path)
      .map((finding) => finding.category.split("/").at(-1) ?? "");
  }
});

describe("the tree as it is", () => {
  test("passes the import rules", () => {
    const only = ["--only=style/noRestrictedImports", "--only=style/noRestrictedGlobals"];
    const { status, stderr } = spawnSync(process.execPath, [BIOME, "lint", ...only, "src"], {
      cwd: ROOT,
      encoding: "utf8",
    });
    expect(status, stderr).toBe(0);
  });

  const sources = filesIn("src").filter((path) => path.endsWith(".ts") && !path.endsWith(".test.ts"));

  test("imports at run time only what is installed at run time", () => {
    const { dependencies } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
    const foreign = sources.flatMap((path) =>
      importsOf(path)
        .filter((from) => !from.startsWith(".") && !isBuiltin(from) && !(packageOf(from) in dependencies))
        .map((from) => `${path}: ${from}`),
    );
    expect(foreign).toEqual([]);
  });

  test("starts a command that needs no rules with no package but the command line's own", () => {
    // Agents' hosts start `verdict hook` before every tool call.
    const reached = new Set(["src/main.ts"]);
    const packages = new Set<string>();
    for (const path of reached) {
      for (const from of importsAtStart(path)) {
        if (from.startsWith(".")) reached.add(join(dirname(path), from));
        else if (!isBuiltin(from)) packages.add(packageOf(from));
      }
    }
    expect(reached.size).toBeGreaterThan(10);
    expect([...packages]).toEqual(["commander"]);
  });

  test("has no import that the lint would read otherwise than Node does", () => {
    const odd = sources.filter((path) =>
      importsOf(path).some((from) => /^\.\/.*\.\.|^\.\..*\/\.\/|^\/|^file:|^#/.test(from)),
    );
    expect(odd).toEqual([]);
  });

  test("takes no chance in a pure folder", () => {
    const pure = sources.filter((path) => PURE_FOLDERS.some((name) => path.startsWith(`src/${name}/`)));
    const random = pure.filter((path) => /Math\.random|randomUUID|randomBytes|getRandomValues/.test(read(path)));
    expect(random).toEqual([]);
    const clocks = pure.filter((path) => /Date\.now|new Date\(\)|hrtime/.test(read(path)));
    expect(clocks).toEqual([]);
  });
});

describe("docs/architecture.md", () => {
  const rows = read("docs/architecture.md")
    .split("\n")
    .filter((line) => /^\| `[a-z]+\/`/.test(line))
    .map((line) => line.split("|").map((cell) => cell.replace(/ +/g, " ").trim()));

  test("names every folder of src/, and no other", () => {
    const folders = readdirSync(join(ROOT, "src"), { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(rows.map(([, name]) => name).sort()).toEqual(folders.map((entry) => `\`${entry.name}/\``).sort());
  });

  test("says of each folder exactly what the lint lets it import", () => {
    const documented = Object.fromEntries(rows.map(([, name, , imports]) => [name, imports]));
    expect(documented).toEqual(Object.fromEntries(allowedImports()));
  });

  /** Rows of the lint's configuration, in the words of the document. */
  function allowedImports(): [string, string][] {
    interface Override {
      includes: string[];
      linter: { rules: { style?: { noRestrictedImports?: { options: { patterns: { group: string[] }[] } } } } };
    }
    const { overrides } = JSON.parse(read("biome.json")) as { overrides: Override[] };
    return overrides.flatMap(({ includes, linter }): [string, string][] => {
      const group = linter.rules.style?.noRestrictedImports?.options.patterns[0]?.group;
      // Folders within a folder may import what the folder may, and each other.
      if (group === undefined || includes[0]?.includes("/*/")) return [];
      const allowed = group
        .filter((pattern) => pattern.startsWith("!") && pattern !== "!./**")
        // A package's subpaths go without saying.
        .filter((pattern) => !pattern.endsWith("/**") || !group.includes(pattern.slice(0, -"/**".length)))
        .map(
          (pattern) =>
            `\`${pattern
              .slice(1)
              .replace(/^\*\*\//, "")
              .replace(/\*\*$/, "")}\``,
        );
      const everyPackage = group.includes("*") ? [] : ["any package"];
      return [[`\`${includes[0]?.replace(/^src\//, "").replace("**", "")}\``, [...everyPackage, ...allowed].join(" ")]];
    });
  }
});

function filesIn(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" }).map((path) => join(folder, path));
}

function read(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

/** Module names as written, dynamic imports too. */
function importsOf(path: string): string[] {
  const found = read(path).matchAll(/(?:^|[\s;}])(?:from|import)\s*\(?\s*["']([^"'\n]+)["']/g);
  return [...found].map((match) => match[1] ?? "");
}

/** Module names of what is loaded as soon as the module is: neither types nor dynamic imports. */
function importsAtStart(path: string): string[] {
  const found = read(path).matchAll(/^(?:(?:import|export)(?! type\b)[^"';()=]*\sfrom|import) "([^"\n]+)";$/gm);
  return [...found].map((match) => match[1] ?? "");
}

function packageOf(from: string): string {
  return from.split("/", from.startsWith("@") ? 2 : 1).join("/");
}
