import { isIP } from "node:net";
import { readUrl } from "../model/read-url.ts";
import type { FileReport } from "../rules/diagnostics.ts";
import { readText } from "../rules/fields.ts";
import type { YamlNode } from "../rules/yaml-tree.ts";
import { type AddressGuard, plainHost } from "./address-guard.ts";

/**
 * The URL of a webhook. An address in it, in whatever form, is the one that will be connected to (WHATWG URL), so one that
 * is not permitted is found here already.
 * SECURITY: says what is wrong without showing it: a URL may be a credential.
 */
export function readWebhookUrl(report: FileReport, node: YamlNode, guard: AddressGuard): URL | undefined {
  const text = readText(report, "url", node, { max: 2048 });
  if (text === undefined) return undefined;
  const url = readUrl(text);
  const fault = url === undefined ? "must be an absolute URL that begins with `https://`" : faultOf(url, guard);
  if (fault === undefined) return url;
  report.error("invalid-value", node.offset, `\`url\` (not shown) ${fault}`);
  return undefined;
}

function faultOf(url: URL, guard: AddressGuard): string | undefined {
  if (url.protocol !== "https:" && url.protocol !== "http:") return "must begin with `https://`";
  if (url.username !== "" || url.password !== "") return "must not hold a user name or password";
  const host = plainHost(url.hostname);
  if (isIP(host) !== 0 && !guard.permits(host, host)) {
    return `stands for ${host}, which is not a public address; put it or its block into \`allow\` if it is meant`;
  }
  if (url.protocol === "http:" && !guard.lists(host)) {
    return "must begin with `https://`; `http://` only goes to hosts that `allow` lists";
  }
  return undefined;
}
