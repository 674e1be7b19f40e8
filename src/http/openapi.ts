import type { RouteConfig } from "@hono/zod-openapi";
import { z } from "zod";
import { AppError, ERROR_CODES, type ErrorCode } from "../model/errors.ts";
import { diagnosticSchema } from "./diagnostic-schema.ts";
import { problemOf } from "./problem.ts";

export type RouteProblems = readonly ErrorCode[];

export const problemSchema = z
  .object({
    type: z.string().meta({ description: "Where this kind of problem is described." }),
    title: z.string().meta({ description: "The kind of problem, the same for every occurrence." }),
    status: z.int().meta({ description: "The HTTP status code." }),
    code: z
      .enum(Object.keys(ERROR_CODES) as [ErrorCode, ...ErrorCode[]])
      .meta({ description: "The kind, for programs." }),
    detail: z.string().meta({ description: "What is wrong this time and what to do." }),
    instance: z.string().meta({ description: "`urn:uuid:` and the id of this request." }),
    errors: z
      .array(
        z.object({
          pointer: z.string().meta({ description: "JSON pointer (RFC 6901) to the field; empty for the whole body." }),
          detail: z.string().meta({ description: "What is wrong with it." }),
        }),
      )
      .optional()
      .meta({ description: "Every faulty field." }),
    diagnostics: z
      .array(diagnosticSchema)
      .optional()
      .meta({ description: "Of files that were sent: what is wrong with them." }),
    current_status: z.string().optional().meta({ description: "Of a `conflict` about an approval: its status." }),
    decision: z
      .literal("deny")
      .optional()
      .meta({ description: "On the evaluate routes, so that a client fails closed." }),
  })
  .meta({ id: "Problem", description: "An error (RFC 9457)." });

type Responses = RouteConfig["responses"];

/** One response per status, with an example per code. */
export function problemResponses(codes: RouteProblems): Responses {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of new Set(codes)) {
    const { status } = ERROR_CODES[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, group]) => [
      status,
      {
        description: group.map((code) => `\`${code}\`: ${ERROR_CODES[code].title}.`).join(" "),
        content: {
          "application/problem+json": {
            schema: problemSchema,
            examples: Object.fromEntries(
              group.map((code) => [
                code,
                {
                  value: problemOf(
                    new AppError(code, ERROR_CODES[code].title),
                    "01890b6e-7c00-7000-8000-000000000000",
                    false,
                  ),
                },
              ]),
            ),
          },
        },
      },
    ]),
  );
}

/** A JSON success response. */
export function answersWith(schema: z.ZodType, description: string, example?: unknown): Responses[string] {
  return { description, content: { "application/json": { schema, ...(example === undefined ? {} : { example }) } } };
}

export function jsonBody(
  schema: z.ZodType,
  examples: Readonly<Record<string, unknown>>,
): NonNullable<RouteConfig["request"]> {
  return {
    body: {
      required: true,
      content: {
        "application/json": {
          schema,
          examples: Object.fromEntries(Object.entries(examples).map(([name, value]) => [name, { value }])),
        },
      },
    },
  };
}

/** What every JSON body can be refused for. */
export const BODY_PROBLEMS = [
  "malformed_json",
  "invalid_request",
  "body_too_large",
  "unsupported_media_type",
] as const satisfies RouteProblems;
