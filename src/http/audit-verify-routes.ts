import { z } from "zod";
import { listAuditKeys, VERIFY_ERROR_CODES, verifyAudit } from "../operations/audit/verify-audit.ts";
import { rangeShape, toFilters } from "./audit-schemas.ts";
import { answersWith, BODY_PROBLEMS, jsonBody } from "./openapi.ts";
import { type HttpContext, header, readBody } from "./read-body.ts";
import { type App, type HttpDeps, keyRoute, respond } from "./route.ts";

const rangeSchema = z
  .strictObject(rangeShape)
  .meta({ id: "AuditRange", description: "Which part of the log; all of it without bounds." });

const count = (description: string) => z.int().min(0).meta({ description });
const optionalText = (description: string) => z.string().optional().meta({ description });
const hash = (description: string) => z.string().meta({ description });

const errorSchema = z
  .object({
    code: z.enum(VERIFY_ERROR_CODES).meta({ description: "What is wrong, for programs." }),
    line: count("Which record it is, counted from 1 in the order of ids."),
    id: optionalText("Of the record."),
    writer: optionalText("Whose chain it is in."),
    seq: z.int().optional().meta({ description: "Its place in that chain." }),
    detail: z.string().meta({ description: "What is wrong, for people." }),
  })
  .meta({ id: "AuditError", description: "Why the log is not what was written." });

const writerSchema = z
  .object({
    writer: z.string().meta({ description: "Id of the chain." }),
    records: count("Records of it."),
    first_seq: count("Place of the first one in the chain."),
    first_prev_hash: hash("What the first one follows from."),
    last_seq: count("Place of the last one."),
    last_hash: hash("What the next one will follow from."),
    checkpoints: count("Checkpoints with a right signature."),
    checkpointed_seq: count("Place of the last of them; 0 when there is none."),
    uncovered: count("Records that none of them covers."),
  })
  .meta({ id: "AuditWriter", description: "One chain." });

const reportSchema = z
  .object({
    valid: z.boolean().meta({ description: "Whether nothing was found." }),
    records: count("Records read."),
    checkpoints: count("Checkpoints with a right signature."),
    records_after_checkpoints: count("Records of signed chains that no checkpoint covers yet."),
    unsigned: count("Records of chains without any checkpoint."),
    writers: z.array(writerSchema).meta({ description: "The chains, in the order of their first records." }),
    errors: count("What was found."),
    end_checked: z.boolean().meta({
      description:
        "Whether the log was held against the end of this service's chain: false for a range, and while records do not reach the database.",
    }),
    first_error: errorSchema.optional().meta({ description: "The first of it." }),
  })
  .meta({ id: "AuditReport", description: "What verification says." });

const REPORT = {
  valid: false,
  records: 1200,
  checkpoints: 3,
  records_after_checkpoints: 17,
  unsigned: 0,
  writers: [
    {
      writer: "01890b6e-7c00-7000-8000-000000000002",
      records: 1200,
      first_seq: 1,
      first_prev_hash: "0".repeat(64),
      last_seq: 1200,
      last_hash: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
      checkpoints: 3,
      checkpointed_seq: 1183,
      uncovered: 17,
    },
  ],
  errors: 1,
  end_checked: true,
  first_error: {
    code: "hash_mismatch",
    line: 7,
    id: "01890b6e-7c00-7000-8000-000000000000",
    writer: "01890b6e-7c00-7000-8000-000000000002",
    seq: 7,
    detail: "the line is not the one that was hashed: it was altered",
  },
} as const;

const keysSchema = z
  .object({
    items: z
      .array(
        z.object({
          key_id: z.string().meta({ description: "What checkpoints and exports call it." }),
          algorithm: z.literal("Ed25519").meta({ description: "RFC 8032." }),
          public_key: z.string().meta({ description: "Base64 of the SubjectPublicKeyInfo in DER (RFC 8410)." }),
          is_current: z.boolean().meta({ description: "Whether it signs now." }),
        }),
      )
      .meta({ description: "The current one first." }),
  })
  .meta({ id: "AuditKeyList", description: "Public keys." });

const KEYS = {
  items: [
    {
      key_id: "9f86d081884c7d659a2feaa0c55ad015",
      algorithm: "Ed25519",
      public_key: "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=",
      is_current: true,
    },
  ],
} as const;

export function addAuditVerifyRoutes(app: App, deps: HttpDeps): void {
  const { service } = deps;

  keyRoute(
    app,
    deps,
    {
      method: "post",
      path: "/v1/audit/verify",
      operationId: "verifyAudit",
      tags: ["Audit"],
      summary: "Verify the audit log",
      description:
        "Needs the scope `audit:read`. Reads the log in the database and checks chains and signatures with this service's " +
        "keys; a large log takes minutes. One verification at a time. Who doubts the service verifies an export offline.",
      request: { body: { ...jsonBody(rangeSchema, { all: {}, day: DAY }).body!, required: false } },
      responses: { 200: answersWith(reportSchema, "What was found; an invalid log is a 200 too.", REPORT) },
    },
    { problems: [...BODY_PROBLEMS, "conflict", "storage_unavailable"] },
    async (c, caller, exchange) => {
      const range = toFilters(hasBody(c) ? await readBody(c, rangeSchema) : {});
      // Nobody would read the answer, and the next verification would wait for it.
      const gone = new AbortController();
      c.env?.outgoing?.once("close", () => gone.abort());
      return respond(await verifyAudit(service, caller, range, gone.signal), exchange.clientRequestId);
    },
  );

  keyRoute(
    app,
    deps,
    {
      method: "get",
      path: "/v1/audit/keys",
      operationId: "listAuditKeys",
      tags: ["Audit"],
      summary: "Public keys of the audit log",
      description:
        "Needs the scope `audit:read`. What checkpoints and exports are signed with. To trust them, compare them with what " +
        "the operator gave you by another way.",
      responses: { 200: answersWith(keysSchema, "The keys.", KEYS) },
    },
    {},
    (_, caller, exchange) => {
      const items = listAuditKeys(service, caller).map(({ keyId, publicKey, isCurrent }) => ({
        key_id: keyId,
        algorithm: "Ed25519",
        public_key: publicKey,
        is_current: isCurrent,
      }));
      return respond({ items }, exchange.clientRequestId);
    },
  );
}

const DAY = { from: "2026-01-31T00:00:00Z", to: "2026-02-01T00:00:00Z" };

/** A body may be left out, with its type; an empty one with a type is a body that is not JSON. */
function hasBody(c: HttpContext): boolean {
  if (header(c, "content-type") !== undefined) return true;
  const body = c.env?.incoming?.body;
  if (body === undefined) return c.req.raw.body !== null;
  return "fault" in body || body.text !== "";
}
