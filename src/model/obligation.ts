import { z } from "zod";

export const obligationSchema = z
  .strictObject({
    type: z
      .string()
      .min(1)
      .max(64)
      .meta({ description: "What the caller must do, by name.", examples: ["redact"] }),
    params: z.record(z.string(), z.unknown()).default({}).meta({ description: "Parameters of the duty." }),
  })
  .meta({ id: "Obligation", description: "A duty that the caller takes on by acting on the decision." });
export type Obligation = z.infer<typeof obligationSchema>;
