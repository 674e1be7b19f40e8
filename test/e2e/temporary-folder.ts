import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll } from "vitest";
import { packageRoot } from "../../src/package-root.ts";

const folders = new Map<string, () => void>();
afterAll(() => {
  for (const [folder, beforeRemoval] of folders) {
    beforeRemoval();
    rmSync(folder, { recursive: true, force: true });
  }
});

/** An empty folder, removed after the test file. */
export function temporaryFolder(beforeRemoval: (folder: string) => void = () => {}): string {
  const folder = mkdtempSync(join(tmpdir(), "verdict-e2e-"));
  folders.set(folder, () => beforeRemoval(folder));
  return folder;
}

export const SHIPPED_RULES = join(packageRoot, "rules");

/** A copy of the shipped rules without their fixtures, to be added to and edited. */
export function copyOfShippedRules(): string {
  const folder = join(temporaryFolder(), "rules");
  cpSync(SHIPPED_RULES, folder, { recursive: true, filter: (path) => !/\.test\.yaml$/.test(basename(path)) });
  return folder;
}

const LOOKUP_RULES = `
version: 1
policy: lookup
rules:
  - id: lookup
    action: { type: tool_call, name: crm.get_customer }
    decision: allow
    reason: Customers may be looked up.
`;

/** One rule, for tests that are about something else: the shipped ones take half a second of processor time to compile. */
export function smallRules(): string {
  const folder = join(temporaryFolder(), "rules");
  mkdirSync(folder);
  writeFileSync(join(folder, "lookup.yaml"), LOOKUP_RULES);
  return folder;
}
