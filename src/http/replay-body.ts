import { z } from "zod";
import { CHECK_LIMITS } from "../model/limits.ts";
import type { AuditFilters } from "../operations/audit/read-audit.ts";
import { filterShape, toFilters } from "./audit-schemas.ts";
import { ruleFilesSchema } from "./bundle-files.ts";
import { readBytes } from "./read-body.ts";

const EXAMPLES_DEFAULT = 5;

const { kind: _, ...decisionFilters } = filterShape;

export const replayRequestSchema = z
  .strictObject({
    rules: ruleFilesSchema.meta({ description: "All files of the candidate rule set." }),
    ...decisionFilters,
    examples: z
      .int()
      .min(0)
      .max(CHECK_LIMITS.examplesMax)
      .default(EXAMPLES_DEFAULT)
      .meta({ description: "How many decisions to show of each transition and group." }),
  })
  .meta({ id: "ReplayRequest", description: "A candidate rule set, and the decisions to make again with it." });

export interface ReplayRequest extends Pick<z.output<typeof replayRequestSchema>, "rules" | "examples"> {
  readonly filters: Omit<AuditFilters, "kind">;
}

/** @param body UTF-8 JSON @throws AppError `malformed_json`, `invalid_request` */
export function readReplay(body: Uint8Array): ReplayRequest {
  const { rules, examples, ...filters } = readBytes(body, replayRequestSchema);
  return { rules, examples, filters: toFilters(filters) };
}
