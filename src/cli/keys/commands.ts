import type { KeyRole, Scope } from "../../identity/index.ts";
import { isUuid } from "../../model/uuid.ts";
import type { KeyView } from "../../operations/keys/manage-keys.ts";
import { CliError } from "../cli-error.ts";
import type { CliDeps } from "../deps.ts";
import { EXIT } from "../exit-codes.ts";
import { timeText, toKeyJson } from "../key-json.ts";
import { printable, printableJson } from "../printable.ts";
import { formatTable } from "../table.ts";
import { type KeyTarget, withKeyAdmin } from "./open-key-admin.ts";

export interface KeysOptions extends KeyTarget {
  readonly json?: boolean;
}

export interface KeysCreateOptions extends KeysOptions {
  readonly name: string;
  readonly role?: readonly KeyRole[];
  readonly scope?: readonly Scope[];
  readonly identityRole?: readonly string[];
  readonly tenant?: string;
  /** Epoch milliseconds. */
  readonly expires?: number;
}

/** Stdout gets the secret and nothing else, so that a script can take it; what was made is told on stderr. */
export async function runKeysCreate(deps: CliDeps, options: KeysCreateOptions): Promise<number> {
  const { name, role = [], scope = [], identityRole = [], tenant, expires, json } = options;
  if (role.length + scope.length === 0) {
    throw new CliError("a key needs at least one --role or --scope", {
      exitCode: EXIT.usage,
      hint: "An agent's key: --role agent. A gateway that asks for other identities: --role gateway.",
    });
  }
  const identity = { name, roles: [...new Set(identityRole)], ...(tenant === undefined ? undefined : { tenant }) };
  const { key, secret } = await withKeyAdmin(deps, options, (admin) =>
    admin.create({
      identity,
      roles: [...new Set(role)],
      scopes: [...new Set(scope)],
      ...(expires === undefined ? undefined : { expiresAt: expires }),
    }),
  );
  if (json === true) {
    deps.stdout(printableJson({ key: secret, ...toKeyJson(key) }, deps.isInteractive));
    return EXIT.ok;
  }
  const rights = [...key.roles, ...key.scopes].join(", ");
  const until = key.expiresAt === undefined ? "does not expire" : `expires ${timeText(key.expiresAt)}`;
  deps.stderr(`Created key ${key.id} for ${printable(key.identity.name)} (${rights}); it ${until}.\n`);
  deps.stderr("This is the only time that it is shown:\n");
  deps.stdout(`${printable(secret)}\n`);
  return EXIT.ok;
}

export async function runKeysList(deps: CliDeps, options: KeysOptions): Promise<number> {
  const keys = await withKeyAdmin(deps, options, (admin) => admin.list());
  if (options.json === true) {
    deps.stdout(printableJson({ items: keys.map(toKeyJson), next_cursor: null }, deps.isInteractive));
    return EXIT.ok;
  }
  const now = deps.now();
  const header = ["ID", "PREFIX", "IDENTITY", "ROLES", "SCOPES", "CREATED", "EXPIRES", "STATE"];
  deps.stdout(
    formatTable(
      header,
      keys.map((key) => row(key, now)),
    ),
  );
  return EXIT.ok;
}

export async function runKeysRevoke(deps: CliDeps, id: string, options: KeysOptions): Promise<number> {
  if (!isUuid(id)) {
    // SECURITY: not repeated, because people paste the key itself here.
    throw new CliError("this is not the id of a key", {
      exitCode: EXIT.usage,
      hint: "An id looks like 01890b6e-7c00-7000-8000-000000000000; `verdict keys list` shows them.",
    });
  }
  const key = await withKeyAdmin(deps, options, (admin) => admin.revoke(id));
  if (options.json === true) deps.stdout(printableJson(toKeyJson(key), deps.isInteractive));
  else deps.stdout(`Revoked key ${key.id} (${printable(key.prefix)}...) of ${printable(key.identity.name)}.\n`);
  return EXIT.ok;
}

function row(key: KeyView, now: number): string[] {
  const { name, tenant } = key.identity;
  return [
    key.id,
    key.prefix,
    tenant === undefined ? name : `${name} (${tenant})`,
    key.roles.join(",") || "-",
    key.scopes.join(",") || "-",
    timeText(key.createdAt),
    key.expiresAt === undefined ? "never" : timeText(key.expiresAt),
    stateOf(key, now),
  ];
}

function stateOf(key: KeyView, now: number): "active" | "expired" | "revoked" {
  if (key.revokedAt !== undefined) return "revoked";
  return key.expiresAt !== undefined && key.expiresAt <= now ? "expired" : "active";
}
