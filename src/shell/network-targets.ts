import type { Analysis } from "./analysis.ts";
import type { Field } from "./field.ts";
import { entryOf } from "./option-table.ts";
import type { Arguments } from "./read-arguments.ts";

/** Where the words of a program send it. Notes URLs of every program but those that only handle text. */
export function addNetworkTargets(
  { kind, operands, values }: Arguments,
  words: readonly Field[],
  analysis: Analysis,
): void {
  if (TEXT_ONLY.has(kind)) return;
  for (const { text } of words) if (text.includes("://")) addUrls(text, analysis);
  const target = entryOf(TARGETS, kind);
  if (target === undefined) return;
  for (const { text } of operandsWith(target, operands)) addTarget(target, text, analysis);
  for (const { name, field } of values) {
    if (target.options?.includes(name) === true) addTarget({ form: "host" }, field.text, analysis);
  }
}

/** Bash's own files that are connections: `/dev/tcp/host/port`. */
export function addNetworkFile(path: string, analysis: Analysis): boolean {
  const [, host] = /^\/dev\/(?:tcp|udp)\/([^/]+)/.exec(path) ?? [];
  if (host === undefined) return false;
  analysis.hosts.add(host.toLowerCase());
  return true;
}

interface Target {
  /** `host`: may have a user and a port; `remote`: only what stands before a colon; `url`: a URL without its scheme is one too. */
  readonly form: "host" | "remote" | "url";
  readonly which?: "first" | "all";
  /** Options whose value is a host. */
  readonly options?: readonly string[];
}

const FIRST_HOST: Target = { form: "host", which: "first" };

const TARGETS: Readonly<Record<string, Target>> = {
  curl: {
    form: "url",
    which: "all",
    options: ["-x", "--url", "--preproxy", "--socks4", "--socks4a", "--socks5", "--socks5-hostname", "--doh-url"],
  },
  wget: { form: "url", which: "all" },
  http: { form: "url", which: "all" },
  https: { form: "url", which: "all" },
  aria2c: { form: "url", which: "all" },
  lynx: { form: "url", which: "all" },
  nc: FIRST_HOST,
  telnet: FIRST_HOST,
  ftp: FIRST_HOST,
  ssh: { ...FIRST_HOST, options: ["-J", "-W"] },
  autossh: FIRST_HOST,
  mosh: FIRST_HOST,
  "ssh-copy-id": FIRST_HOST,
  ping: { form: "host", which: "all" },
  ping6: { form: "host", which: "all" },
  traceroute: FIRST_HOST,
  tracepath: FIRST_HOST,
  mtr: FIRST_HOST,
  nslookup: { form: "host", which: "all" },
  host: { form: "host", which: "all" },
  whois: { form: "host", which: "all" },
  dig: { form: "host", which: "all" },
  nmap: { form: "host", which: "all" },
  scp: { form: "remote", which: "all", options: ["-J"] },
  sftp: { form: "host", which: "all", options: ["-J"] },
  rsync: { form: "remote", which: "all" },
  git: { form: "remote", which: "all" },
  socat: { form: "remote", which: "all" },
  mysql: { form: "remote", options: ["-h"] },
  psql: { form: "remote", options: ["-h"] },
  "redis-cli": { form: "remote", options: ["-h"] },
};

const TEXT_ONLY: ReadonlySet<string> = new Set([
  "echo",
  "printf",
  "grep",
  "sed",
  "awk",
  "tr",
  "cut",
  "test",
  "[",
  ":",
  "true",
  "false",
  "cat",
]);

function operandsWith({ which }: Target, operands: readonly Field[]): readonly Field[] {
  return which === "all" ? operands : which === "first" ? operands.slice(0, 1) : [];
}

function addTarget({ form }: Target, text: string, analysis: Analysis): void {
  if (text.includes("://")) {
    addUrls(text, analysis);
    return;
  }
  if (form === "remote") {
    const [, host] = /^(?:[^@/:]*@)?([^/:@[\]]+|\[[^\]]+\]):/.exec(text) ?? [];
    if (host !== undefined) analysis.hosts.add(host.toLowerCase());
    return;
  }
  if (form === "url") {
    analysis.urls.add(text);
    addHost(text.replace(/[/?#].*$/s, ""), analysis);
    return;
  }
  for (const part of text.split(",")) addHost(part, analysis);
}

function addUrls(text: string, analysis: Analysis): void {
  // The word is the URL, or holds it behind `name=`.
  const [url = text, authority] = /[A-Za-z][\w+.-]*:\/\/([^/?#\\\s'"`()]*)[^\s'"`()]*/.exec(text) ?? [];
  analysis.urls.add(url);
  if (authority !== undefined) addHost(authority, analysis);
}

function addHost(authority: string, analysis: Analysis): void {
  const host = authority.slice(authority.lastIndexOf("@") + 1);
  const [, name = host] = /^(\[[^\]]*\]|[^:]*)(?::[^:]*)?$/.exec(host) ?? [];
  if (name !== "") analysis.hosts.add(name.toLowerCase());
}
