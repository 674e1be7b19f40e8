import { resolve } from "node:path";
import type { FieldFault } from "../../model/errors.ts";
import { parseJsonText } from "../../model/json-text.ts";
import { LIMITS } from "../../model/limits.ts";
import { type EvaluateRequest, parseEvaluateRequest } from "../../model/request.ts";
import { CliError } from "../cli-error.ts";
import type { CliDeps } from "../deps.ts";
import { EXIT } from "../exit-codes.ts";

/** What the command line says about the request, field by field; a field here replaces the one in the body. */
export interface RequestOverrides {
  readonly identity?: string;
  readonly roles?: readonly string[];
  readonly tenant?: string;
  readonly explain?: boolean;
}

/**
 * The request in a file, or on stdin when there is none or it is `-`. Bounds and shape are those of the HTTP interface.
 * @throws CliError
 */
export async function readRequest(
  deps: CliDeps,
  file: string | undefined,
  overrides: RequestOverrides,
): Promise<EvaluateRequest> {
  const text = decode(await readBytes(deps, file, "Name a file that holds one request as JSON, or `-` for stdin."));
  const json = parseJsonText(text);
  if (!json.ok) {
    throw new CliError(json.code === "malformed_json" ? "the request is not JSON" : "the request cannot be used", {
      faults: json.faults,
    });
  }
  const parsed = parseEvaluateRequest(json.value);
  if (!parsed.ok) throw notValid(parsed.faults);
  return override(parsed.value, overrides);
}

/** A file, or stdin where there is none or it is `-`. @throws CliError with the hint when it cannot be read */
export async function readBytes(deps: CliDeps, file: string | undefined, hint: string): Promise<Uint8Array> {
  if (file === undefined || file === "-") return deps.readStdin();
  try {
    return await deps.readFile(resolve(deps.cwd, file));
  } catch (error) {
    const reason = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
    throw new CliError(`\`${file}\` cannot be read (${reason})`, {
      exitCode: EXIT.usage,
      hint,
      cause: error,
    });
  }
}

function decode(bytes: Uint8Array): string {
  if (bytes.length > LIMITS.bodyBytesMax) {
    throw new CliError(`the request has ${bytes.length} bytes; ${LIMITS.bodyBytesMax} are allowed`);
  }
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new CliError("the request is not UTF-8 text", { cause });
  }
  if (text.startsWith("\ufeff")) throw new CliError("the request begins with a byte order mark; save it without one");
  if (text.trim() === "") {
    throw new CliError("the request is empty", { hint: "Pipe one request as JSON, or name a file that holds it." });
  }
  return text;
}

function override(request: EvaluateRequest, { identity, roles, tenant, explain }: RequestOverrides): EvaluateRequest {
  const given = {
    ...(identity === undefined ? undefined : { name: identity }),
    ...(roles === undefined ? undefined : { roles }),
    ...(tenant === undefined ? undefined : { tenant }),
  };
  const merged = {
    ...request,
    ...(Object.keys(given).length === 0 ? undefined : { identity: { ...request.identity, ...given } }),
    ...(explain === true ? { explain } : undefined),
  };
  const parsed = parseEvaluateRequest(merged);
  if (!parsed.ok) throw notValid(parsed.faults);
  return parsed.value;
}

const notValid = (faults: readonly FieldFault[]) =>
  new CliError("the request is not valid", { faults, hint: "`verdict eval --help` shows what a request looks like." });
