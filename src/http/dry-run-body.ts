import { z } from "zod";
import { fixtureFilesSchema, ruleFilesSchema } from "./bundle-files.ts";
import { readBytes } from "./read-body.ts";

export const dryRunRequestSchema = z
  .strictObject({
    fixtures: fixtureFilesSchema.meta({ description: "The cases." }),
    rules: ruleFilesSchema
      .optional()
      .meta({ description: "All files of a rule set to run them on; the active one when absent." }),
    coverage: z
      .boolean()
      .default(false)
      .meta({ description: "Answer with what the cases do not show of the rules. Takes longer." }),
  })
  .meta({ id: "DryRunRequest", description: "Fixtures, and the rules to run them on." });

export type DryRunRequest = z.output<typeof dryRunRequestSchema>;

/** @param body UTF-8 JSON @throws AppError `malformed_json`, `invalid_request` */
export function readDryRun(body: Uint8Array): DryRunRequest {
  return readBytes(body, dryRunRequestSchema);
}
