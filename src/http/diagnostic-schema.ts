import { z } from "zod";

export const diagnosticSchema = z
  .object({
    severity: z.enum(["error", "warning"]).meta({ description: "An error keeps the whole set from being activated." }),
    code: z.string().meta({ description: "The kind of problem, stable.", examples: ["unknown-field"] }),
    message: z.string().meta({ description: "What is wrong." }),
    file: z.string().meta({ description: "Path inside the rules directory, or as it was sent." }),
    line: z.int().meta({ description: "From 1." }),
    column: z.int().meta({ description: "From 1." }),
    rule_id: z.string().optional().meta({ description: "Full id of the rule it is about." }),
  })
  .meta({ id: "Diagnostic", description: "A problem of a rule file or a fixture file." });

export const DIAGNOSTIC = {
  severity: "warning",
  code: "always-true",
  message: 'the condition is true for every request; write `when: "true"` if that is meant',
  file: "payments.yaml",
  line: 21,
  column: 11,
  rule_id: "payments/no-refunds-on-sunday",
} as const;
