import { mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { UnavailableError } from "../../model/errors.ts";
import type { KeptRuleSet, RuleSetOutbox } from "../../rules/types.ts";

const NAME = /^([0-9a-f]{64})\.json$/;

/** One file a rule set, readable by the owner only. @param directory made when it is missing */
export function createRuleSetOutbox(directory: string): RuleSetOutbox {
  const pathOf = (revision: string) => join(directory, `${revision.replace(/^sha256:/, "")}.json`);
  return {
    async put(ruleSet) {
      try {
        await mkdir(directory, { recursive: true, mode: 0o700 });
        await writeDurably(pathOf(ruleSet.revision), JSON.stringify(ruleSet));
      } catch (error) {
        throw new UnavailableError("audit", "the rule set cannot be kept", error);
      }
    },
    async list() {
      const names = await readdir(directory).catch(ignoreMissing);
      const digests = names.map((name) => NAME.exec(name)?.[1]).filter((digest) => digest !== undefined);
      return digests.sort().map((digest) => `sha256:${digest}`);
    },
    async read(revision) {
      const path = pathOf(revision);
      try {
        const kept = JSON.parse(await readFile(path, "utf8")) as KeptRuleSet;
        if (kept.revision !== revision || !Array.isArray(kept.sources) || !Number.isFinite(kept.at))
          throw new Error("it is not what was written");
        return kept;
      } catch (error) {
        throw new Error(`the rule set in ${path} cannot be read`, { cause: error });
      }
    },
    async remove(revision) {
      await rm(pathOf(revision), { force: true });
    },
  };
}

async function writeDurably(path: string, content: string): Promise<void> {
  const file = await open(`${path}.preparing`, "w", 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.preparing`, path);
}

function ignoreMissing(error: NodeJS.ErrnoException): string[] {
  if (error.code === "ENOENT") return [];
  throw error;
}
