import { randomBytes } from "node:crypto";

/** A secret and how it looks where somebody put it. */
export interface Planted {
  readonly kind: string;
  /** Must not show up anywhere. */
  readonly secret: string;
  /** The text that it stands in. */
  readonly text: string;
  /** Set where only the name of the field says that its value is secret. */
  readonly field?: string;
}

const ALPHANUMERIC = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

const randomOf = (length: number, of: string) =>
  Array.from(randomBytes(length), (byte) => of[byte % of.length]).join("");
/** Nearly every secret has a digit; those without are kinds of their own below, so that no run depends on chance. */
const random = (length: number, of = ALPHANUMERIC) => `${randomOf(length - 1, of)}${randomOf(1, "234567")}`;
const letters = (length: number) => randomOf(length, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
const hex = (bytes: number) => randomBytes(bytes).toString("hex");
const base64url = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** A secret that its own form tells, alone or in a text. */
const formed = (kind: string, make: () => string, wrap = (secret: string) => secret) => ({
  kind,
  make(): Planted {
    const secret = make();
    return { kind, secret, text: wrap(secret) };
  },
});

/** A secret that the name of its field tells. */
const named = (field: string, make: () => string) => ({
  kind: `field ${field}`,
  make(): Planted {
    const secret = make();
    return { kind: `field ${field}`, secret, text: secret, field };
  },
});

/** Made at run time, in parts, so that no scanner finds a secret in this file. */
export const SECRET_KINDS: readonly { readonly kind: string; make(): Planted }[] = [
  formed("AWS access key", () => `AKIA${random(16, UPPER)}`),
  formed("AWS access key without a digit", () => `AKIA${letters(16)}`),
  formed(
    "GitHub token",
    () => `ghp_${random(36)}`,
    (secret) => `git clone with ${secret} please`,
  ),
  formed("GitLab token", () => `glpat-${random(20)}`),
  formed("Slack token", () => `xoxb-${random(12, "0123456789")}-${random(12, "0123456789")}-${random(24)}`),
  formed(
    "Stripe key",
    () => `sk_live_${random(24)}`,
    (secret) => `STRIPE ${secret}`,
  ),
  formed("Stripe key without a digit", () => `sk_live_${letters(24)}`),
  formed("Anthropic key", () => `sk-ant-api03-${random(40)}`),
  formed("Google API key", () => `AIza${random(35)}`),
  formed("npm token", () => `npm_${random(36)}`),
  formed("Vault token", () => `hvs.${random(28)}`),
  formed(
    "own API key",
    () => `vdt_${random(43)}`,
    (secret) => `use ${secret}`,
  ),
  formed("JWT", () => `${base64url({ alg: "HS256" })}.${base64url({ sub: random(12) })}.${random(43)}`),
  formed(
    "bearer token",
    () => random(32),
    (secret) => `Authorization: Bearer ${secret}`,
  ),
  formed(
    "basic credentials",
    () => random(28),
    (secret) => `curl -H 'Authorization: Basic ${secret}=='`,
  ),
  formed(
    "URL password",
    () => random(18),
    (secret) => `https://admin:${secret}@db.example.com/x`,
  ),
  formed(
    "connection string",
    () => random(18),
    (secret) => `postgres://app:${secret}@10.0.0.1:5432/app`,
  ),
  formed(
    "query parameter",
    () => hex(20),
    (secret) => `https://api.example.com/v1?api_key=${secret}&page=2`,
  ),
  formed(
    "curl user",
    () => random(16),
    (secret) => `curl -u admin:${secret} https://example.com`,
  ),
  formed(
    "environment variable",
    () => random(16),
    (secret) => `PGPASSWORD=${secret} psql -h db`,
  ),
  formed(
    "option",
    () => random(16),
    (secret) => `mysql --password ${secret} --host db`,
  ),
  formed(
    "SQL",
    () => random(16),
    (secret) => `ALTER USER app IDENTIFIED BY '${secret}'`,
  ),
  formed(
    "JSON in a string",
    () => random(16),
    (secret) => JSON.stringify({ a: [{ password: secret }] }),
  ),
  formed(
    "cookie",
    () => hex(16),
    (secret) => `Cookie: session=${secret}; theme=dark`,
  ),
  formed(
    "private key",
    () => random(64),
    (secret) => privateKey(secret),
  ),
  named("password", () => `Tr0ub4dor ${random(8)} horse`),
  named("client_secret", () => random(20)),
  named("apiKey", () => random(24)),
  named("Authorization", () => random(24)),
];

/** In the format of gitleaks. */
export const OPERATOR_RULES = `
[[rules]]
id = "badge"
regex = '''\\bzk9-[a-z0-9]{24}\\b'''
keywords = ["zk9-"]

[[rules]]
id = "acme-badge"
regex = '''(?i)[\\w.-]{0,50}?acme(?:[ \\t\\w.-]{0,20})[\\s'"]{0,3}[:=]["\\s]{0,3}([a-z0-9]{24})["\\s]'''
entropy = 2
keywords = ["acme"]
`;

/** Secrets that only these rules know. */
export const OPERATOR_KINDS: typeof SECRET_KINDS = [
  formed("badge", () => `zk9-${hex(12)}`),
  named("acme_badge", () => hex(12)),
];

function privateKey(line: string): string {
  const border = (end: string) => `-----${end} ${"PRIVATE"} KEY-----`;
  return [border("BEGIN"), random(64), line, random(40), border("END")].join("\n");
}
