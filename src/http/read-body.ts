import type { Context } from "hono";
import type { z } from "zod";
import { AppError, type FieldFault } from "../model/errors.ts";
import { parseJsonText } from "../model/json-text.ts";
import { LIMITS } from "../model/limits.ts";
import { explainShape } from "../model/request.ts";
import type { Body } from "./body.ts";
import { isJsonType } from "./headers.ts";
import type { Bindings, Heard } from "./node-server.ts";

/** The context of every route. `env` is empty when the application is called without a server, as tests do. */
export type HttpContext = Context<{ Bindings: Partial<Bindings> }>;

/** As much of it as a handler needs that may also be called without Hono. */
export interface HttpInput {
  readonly env: { readonly incoming?: Heard };
  readonly req?: HttpContext["req"];
}

export function header(c: HttpInput, name: string): string | undefined {
  const incoming = c.env?.incoming;
  if (incoming === undefined) return c.req?.header(name);
  const value = incoming.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** A body that is JSON, and what it says. */
export interface JsonBody {
  readonly text: string;
  readonly value: unknown;
}

/**
 * The parsed JSON body.
 * @throws AppError `unsupported_media_type`, `body_too_large`, `malformed_json` or `invalid_request`
 */
export function readJson(c: HttpInput): JsonBody | Promise<JsonBody> {
  assertJsonType(c);
  const body = c.env?.incoming?.body;
  if (body !== undefined) return parseBody(body);
  return c.req === undefined
    ? parseBody({ text: "" })
    : c.req.arrayBuffer().then((bytes) => parseBody(decode(bytes, LIMITS.bodyBytesMax)));
}

/** @throws AppError `unsupported_media_type` */
export function assertJsonType(c: HttpInput): void {
  if (!isJsonType(header(c, "content-type"))) {
    throw new AppError("unsupported_media_type", "Send the body as `Content-Type: application/json`.");
  }
  const encoding = header(c, "content-encoding");
  if (encoding !== undefined && encoding.toLowerCase() !== "identity") {
    throw new AppError("unsupported_media_type", "Send the body without a Content-Encoding.");
  }
}

/** The body, checked against a schema. @throws AppError as `readJson` */
export async function readBody<S extends z.ZodType>(c: HttpContext, schema: S): Promise<z.output<S>> {
  const { value } = await readJson(c);
  return check(schema, value);
}

/** The same of bytes that were read before, however many. @throws AppError `malformed_json`, `invalid_request` */
export function readBytes<S extends z.ZodType>(bytes: Uint8Array, schema: S): z.output<S> {
  return check(schema, parseBody(decode(bytes, Number.POSITIVE_INFINITY)).value);
}

function check<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw invalid(explainShape(schema, value));
}

/** The query string, checked against a schema; a parameter given twice is a fault. @throws AppError `invalid_request` */
export function readQuery<S extends z.ZodType>(c: HttpContext, schema: S): z.output<S> {
  const queries = c.req.queries();
  const faults: FieldFault[] = [];
  const value: Record<string, string> = {};
  for (const [name, given] of Object.entries(queries)) {
    if (given.length > 1) faults.push({ pointer: `/${name}`, detail: "given more than once" });
    value[name] = given[0] ?? "";
  }
  const result = schema.safeParse(value);
  if (result.success && faults.length === 0) return result.data;
  throw invalid(result.success ? faults : [...faults, ...explainShape(schema, value)], "A query parameter is wrong.");
}

export function invalid(
  faults: readonly FieldFault[],
  detail = "The body has faults; each is listed in `errors`.",
): AppError {
  return new AppError("invalid_request", detail, { faults });
}

export const tooLarge = (bytesMax: number) =>
  new AppError("body_too_large", `The body may have ${bytesMax} bytes at most.`);

/** @throws AppError `body_too_large`, `malformed_json` */
export function textOf(body: Body): string {
  if (!("fault" in body)) return body.text;
  if (body.fault === "not_utf8") throw new AppError("malformed_json", "The body is not UTF-8.");
  throw tooLarge(LIMITS.bodyBytesMax);
}

function parseBody(body: Body): JsonBody {
  const text = textOf(body);
  const result = parseJsonText(text);
  if (result.ok) return { text, value: result.value };
  if (result.code === "invalid_request") throw invalid(result.faults);
  throw new AppError("malformed_json", `The body could not be read: ${result.faults[0]?.detail ?? "it is not JSON"}.`);
}

function decode(bytes: ArrayBuffer | Uint8Array, bytesMax: number): Body {
  if (bytes.byteLength > bytesMax) return { fault: "body_too_large" };
  try {
    return { text: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch {
    return { fault: "not_utf8" };
  }
}
