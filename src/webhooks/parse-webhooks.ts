import { FileReport } from "../rules/diagnostics.ts";
import { type Fields, readChoice, readFields, readText } from "../rules/fields.ts";
import { parseYamlTree, type YamlEntry, type YamlNode } from "../rules/yaml-tree.ts";
import { type AddressGuard, createAddressGuard, isAllowEntry } from "./address-guard.ts";
import { parseSecret } from "./sign.ts";
import { WEBHOOK_EVENTS, WEBHOOK_FORMATS, type Webhook, type WebhookEvent, type WebhookFormat } from "./types.ts";
import { readWebhookUrl } from "./webhook-url.ts";

export type SecretFile =
  | { readonly ok: true; readonly text: string }
  /** `why` completes "cannot be read: ...". */
  | { readonly ok: false; readonly why: string };

export type WebhooksResult =
  | { readonly ok: true; readonly webhooks: readonly Webhook[] }
  /** Each `<path>:<line>:<column>: <what is wrong and what is allowed>`. */
  | { readonly ok: false; readonly problems: readonly string[] };

const FILE_FIELDS = ["webhooks"] as const;
const WEBHOOK_FIELDS = ["id", "url", "secret", "secret_file", "events", "format", "allow"] as const;

/** Each may keep two attempts under way. */
const WEBHOOKS_MAX = 32;
const FILE_CHARACTERS_MAX = 256 * 1024;
const ALLOW_MAX = 64;
/** The current one and those that are being exchanged. */
const SECRETS_MAX = 4;

const SLUG = {
  max: 64,
  pattern: /^[a-z0-9][a-z0-9-]*$/,
  expected: "lower-case letters, digits and hyphens, beginning with a letter or digit",
} as const;

const SECRET_ALLOWED = "`whsec_` and the base64 of 24 to 64 random bytes";

/**
 * Reads the operator's file of webhooks. Pure.
 * @param readSecretFile given the path as it is in the file
 * @returns all problems at once. SECURITY: neither a secret nor a URL is quoted in them
 */
export function parseWebhooks(
  path: string,
  source: string,
  readSecretFile: (path: string) => SecretFile,
): WebhooksResult {
  const report = new FileReport(path, source);
  const webhooks = readFile(report, readSecretFile);
  if (report.errors === 0) return { ok: true, webhooks };
  const problems = report.diagnostics.map(({ file, line, column, message }) => `${file}:${line}:${column}: ${message}`);
  return { ok: false, problems };
}

function readFile(report: FileReport, readSecretFile: (path: string) => SecretFile): Webhook[] {
  if (report.source.length > FILE_CHARACTERS_MAX) {
    report.error("file-too-large", 0, `the file may have at most ${FILE_CHARACTERS_MAX} characters`);
    return [];
  }
  const { root, faults } = parseYamlTree(report.source);
  for (const { code, offset, message } of faults) report.error(code, offset, YAML_MESSAGES[code] ?? message);
  if (root === undefined || (root.kind === "scalar" && root.text === "")) {
    if (faults.length === 0) report.error("empty-file", 0, "the file has no content; it begins with `webhooks:`");
    return [];
  }
  const list = readFields(report, root, "the file", FILE_FIELDS)?.get("webhooks");
  if (list === undefined) {
    if (report.errors === 0) report.error("missing-field", root.offset, "missing field `webhooks`; `[]` for none");
    return [];
  }
  const webhooks = readItems(report, "webhooks", list.value, WEBHOOKS_MAX, (item) =>
    readWebhook(report, item, readSecretFile),
  );
  reportTwins(report, list.value);
  return webhooks ?? [];
}

/** What the parser says in terms of rule files, or with a word of the file that may be a secret. */
const YAML_MESSAGES: Readonly<Record<string, string>> = {
  "yaml-directive": "directives such as `%YAML` are not allowed",
  "multiple-documents": "the file holds one YAML document",
  "yaml-alias": "aliases are not allowed: repeat the value, or put a text that begins with `*` in quotes",
  "yaml-anchor": "anchors are not allowed: put a text that begins with `&` in quotes",
  "yaml-tag": "tags are not allowed: put a text that begins with `!` in quotes",
  "yaml-merge-key": "merge keys (`<<`) are not allowed: repeat the fields",
};

function readWebhook(
  report: FileReport,
  node: YamlNode,
  readSecretFile: (path: string) => SecretFile,
): Webhook | undefined {
  const fields = readFields(report, node, "a webhook", WEBHOOK_FIELDS);
  if (fields === undefined) return undefined;
  const id = required(report, fields, node, "id", "it names the webhook in lists and logs");
  const url = required(report, fields, node, "url", "it says where to send");
  const format = fields.get("format");
  const formatName = format === undefined ? "standard" : readChoice(report, "format", format.value, WEBHOOK_FORMATS);
  const allow = readAllow(report, fields.get("allow"));
  const guard = createAddressGuard(allow ?? []);
  const webhook = {
    id: id && readText(report, "id", id.value, SLUG),
    // Whether it may be sent to depends on what is allowed; a wrong list has been told already.
    url: url && allow && readWebhookUrl(report, url.value, guard),
    secrets: readSecrets(report, fields, node, formatName, readSecretFile),
    events: readEvents(report, fields.get("events")),
    format: formatName,
    guard: guard as AddressGuard | undefined,
  };
  return Object.values(webhook).includes(undefined) ? undefined : (webhook as Webhook);
}

function required(report: FileReport, fields: Fields, node: YamlNode, name: string, why: string) {
  const entry = fields.get(name);
  if (entry === undefined) report.error("missing-field", node.offset, `missing field \`${name}\`: ${why}`);
  return entry;
}

function readAllow(report: FileReport, entry: YamlEntry | undefined): string[] | undefined {
  if (entry === undefined) return [];
  return readItems(report, "allow", entry.value, ALLOW_MAX, (item) => {
    const text = readText(report, "allow", item, { max: 253 });
    if (text === undefined || isAllowEntry(text)) return text;
    const allowed = "a host name without wildcards, an IP address or a CIDR block such as `10.0.0.0/8`";
    report.error("invalid-value", item.offset, `an entry of \`allow\` must be ${allowed}, without port and brackets`);
    return undefined;
  });
}

function readEvents(report: FileReport, entry: YamlEntry | undefined): ReadonlySet<WebhookEvent> | undefined {
  if (entry === undefined) return new Set(WEBHOOK_EVENTS);
  if (entry.value.kind === "sequence" && entry.value.items.length === 0) {
    report.error(
      "invalid-value",
      entry.value.offset,
      "`events` must not be empty; without the field it is all of them",
    );
    return undefined;
  }
  const events = readItems(report, "events", entry.value, WEBHOOK_EVENTS.length, (item) =>
    readChoice(report, "events", item, WEBHOOK_EVENTS),
  );
  return events && new Set(events);
}

function readSecrets(
  report: FileReport,
  fields: Fields,
  node: YamlNode,
  format: WebhookFormat | undefined,
  readSecretFile: (path: string) => SecretFile,
): Uint8Array[] | undefined {
  const [inline, file] = [fields.get("secret"), fields.get("secret_file")];
  if (inline !== undefined && file !== undefined) {
    report.error("invalid-value", file.keyOffset, "`secret` and `secret_file` exclude each other");
    return undefined;
  }
  if (file !== undefined) return readSecretFileField(report, file.value, readSecretFile);
  if (inline === undefined) {
    // Slack verifies nothing: there the URL is the secret.
    if (format !== "standard") return [];
    report.error("missing-field", node.offset, `missing field \`secret\` or \`secret_file\`: ${SECRET_ALLOWED}`);
    return undefined;
  }
  if (inline.value.kind !== "sequence") return toSecrets(report, inline.value, [textOf(inline.value)]);
  return toSecrets(report, inline.value, inline.value.items.map(textOf));
}

function readSecretFileField(
  report: FileReport,
  node: YamlNode,
  readSecretFile: (path: string) => SecretFile,
): Uint8Array[] | undefined {
  const path = readText(report, "secret_file", node, { max: 4096 });
  if (path === undefined) return undefined;
  const file = readSecretFile(path);
  if (file.ok)
    return toSecrets(
      report,
      node,
      file.text.split(/\s+/).filter((line) => line !== ""),
    );
  report.error("invalid-value", node.offset, `\`secret_file\` cannot be read: ${file.why}`);
  return undefined;
}

/** SECURITY: says where the secret is and what is allowed, never what it is. */
function toSecrets(
  report: FileReport,
  node: YamlNode,
  texts: readonly (string | undefined)[],
): Uint8Array[] | undefined {
  if (node.kind === "invalid") return undefined;
  const secrets = texts.map((text) => text && parseSecret(text)).filter((secret) => typeof secret === "object");
  if (secrets.length === texts.length && secrets.length >= 1 && secrets.length <= SECRETS_MAX) return secrets;
  const many = `up to ${SECRETS_MAX} while they are exchanged, the new one first`;
  report.error("invalid-value", node.offset, `a secret (not shown) must be ${SECRET_ALLOWED}; ${many}`);
  return undefined;
}

const textOf = (node: YamlNode) => (node.kind === "scalar" ? node.text : undefined);

/** Undefined when any of it is wrong. */
function readItems<T>(
  report: FileReport,
  name: string,
  node: YamlNode,
  max: number,
  read: (item: YamlNode) => T | undefined,
): T[] | undefined {
  if (node.kind === "invalid") return undefined;
  if (node.kind !== "sequence" || node.items.length > max) {
    report.error(
      "wrong-type",
      node.offset,
      `\`${name}\` must be a list of at most ${max}; begin each item with \`- \``,
    );
    return undefined;
  }
  const items = node.items.map(read);
  return items.includes(undefined) ? undefined : (items as T[]);
}

function reportTwins(report: FileReport, list: YamlNode): void {
  const seen = new Set<string>();
  for (const item of list.kind === "sequence" ? list.items : []) {
    const id = item.kind === "mapping" ? item.entries.find(({ key }) => key === "id")?.value : undefined;
    if (id?.kind !== "scalar") continue;
    if (seen.has(id.text)) report.error("duplicate-id", id.offset, "an earlier webhook has this `id` already");
    seen.add(id.text);
  }
}
