import { readUrl } from "../../model/read-url.ts";
import { CliError } from "../cli-error.ts";

/**
 * The address that paths such as `v1/keys` are resolved against.
 * @throws CliError, which does not repeat the address: it may hold a password
 */
export function parseServiceUrl(text: string): URL {
  const url = readUrl(text);
  const isHttp = url?.protocol === "http:" || url?.protocol === "https:";
  if (url === undefined || !isHttp || url.username !== "" || url.password !== "" || url.search + url.hash !== "") {
    throw new CliError("the address of the service is not one", {
      hint: "Write it as http://127.0.0.1:8181 or https://host/path, without user, password, `?` or `#`.",
    });
  }
  if (!url.pathname.endsWith("/")) url.pathname += "/";
  return url;
}

/** Visible ASCII: anything else cannot stand in a header, and `fetch` would quote it in its error message. */
export const isHeaderSafe = (key: string) => /^[\x21-\x7e]+$/.test(key);

/** @throws CliError, which does not repeat the key */
export function assertHeaderSafe(key: string): void {
  if (!isHeaderSafe(key)) throw new CliError("the API key has characters that no key has; was it copied whole?");
}
