import { eq } from "drizzle-orm";
import type { RuleSetArchive } from "../../rules/types.ts";
import type { RunOnDatabase } from "./database.ts";
import { filterText } from "./filter-text.ts";
import { ruleSets } from "./schema.ts";

export function createDrizzleRuleSetArchive(run: RunOnDatabase): RuleSetArchive {
  return {
    async put(revision, sources, at) {
      const row = { revision: filterText(revision), activatedAt: new Date(at), sources: [...sources] };
      await run((db) => db.insert(ruleSets).values(row).onConflictDoNothing());
    },
    async get(revision) {
      const rows = await run((db) =>
        db
          .select({ sources: ruleSets.sources })
          .from(ruleSets)
          .where(eq(ruleSets.revision, filterText(revision))),
      );
      return rows[0]?.sources;
    },
  };
}
