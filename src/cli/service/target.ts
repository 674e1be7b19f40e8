import { CliError } from "../cli-error.ts";
import type { CliDeps, KeyAdminOptions } from "../deps.ts";
import { EXIT } from "../exit-codes.ts";
import { isHeaderSafe, parseServiceUrl } from "./url.ts";

const DEFAULT_URL = "http://127.0.0.1:8181";

/** What `--url` and `--key` gave. */
export type ServiceTarget = KeyAdminOptions;

/**
 * The service that the options or the environment point to. Both parts or none; options before the environment, and an
 * empty variable is none.
 * @param purpose what the key is for, and the scope that it needs
 * @throws CliError
 */
export function resolveTarget(
  { env, stderr }: Pick<CliDeps, "env" | "stderr">,
  target: ServiceTarget,
  purpose: { readonly work: string; readonly scope: string },
): KeyAdminOptions {
  if (target.key !== undefined) {
    stderr("warning: other processes can see a key on the command line; set VERDICT_API_KEY instead\n");
  }
  const key = target.key ?? (env.VERDICT_API_KEY || undefined);
  const url = target.url ?? (env.VERDICT_URL || undefined);
  if (key === undefined) {
    if (url === undefined) return {};
    throw usage(
      `a key is needed to ${purpose.work} of a service`,
      `Set VERDICT_API_KEY to one with \`${purpose.scope}\`.`,
    );
  }
  if (!isHeaderSafe(key)) {
    throw usage("the API key has characters that no key has", "Was it copied whole, without spaces or line breaks?");
  }
  const { protocol, hostname } = parseTargetUrl(url ?? DEFAULT_URL);
  if (protocol === "http:" && !isLoopback(hostname)) {
    stderr(`warning: the key goes to ${hostname} over plain HTTP, where others can read it; use https\n`);
  }
  return { url: url ?? DEFAULT_URL, key };
}

function parseTargetUrl(url: string): URL {
  try {
    return parseServiceUrl(url);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    throw usage(error.message, error.hint);
  }
}

/** A wrong command line, so nothing was tried. */
export const usage = (message: string, hint?: string) =>
  new CliError(message, { exitCode: EXIT.usage, ...(hint === undefined ? undefined : { hint }) });

const isLoopback = (hostname: string) =>
  hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
