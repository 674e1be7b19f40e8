import { z } from "zod";
import { KEY_ROLES, type KeyRole, SCOPES } from "../identity/index.ts";
import { LIMITS } from "../model/limits.ts";
import { createKey, type KeyView, listKeys, revokeKey } from "../operations/keys/manage-keys.ts";
import { answersWith, BODY_PROBLEMS, jsonBody } from "./openapi.ts";
import { readBody } from "./read-body.ts";
import { type App, type HttpDeps, keyRoute, respond } from "./route.ts";

const text = z.string().min(1).max(256);
const roleNames = Object.keys(KEY_ROLES) as [KeyRole, ...KeyRole[]];

const keyIdentitySchema = z
  .strictObject({
    name: text.meta({
      description: "Who holds the key; rules see it as `identity.name`.",
      examples: ["support-agent"],
    }),
    roles: z
      .array(text)
      .max(LIMITS.rolesMax)
      .default([])
      .meta({ description: "Rules see them as `identity.roles`.", examples: [["support"]] }),
    tenant: text.optional().meta({ description: "Rules see it as `identity.tenant`." }),
  })
  .meta({ id: "KeyIdentity", description: "The identity that the key speaks for." });

const createSchema = z
  .strictObject({
    identity: keyIdentitySchema,
    roles: z
      .array(z.enum(roleNames))
      .max(roleNames.length)
      .default([])
      .meta({
        description: "Bundles of scopes: what the key may do with this service.",
        examples: [["agent"]],
      }),
    scopes: z.array(z.enum(SCOPES)).max(SCOPES.length).default([]).meta({ description: "Scopes besides the roles'." }),
    expires_at: z.iso
      .datetime({ offset: true })
      .optional()
      .meta({
        description: "When it stops working (RFC 3339); never when absent.",
        examples: ["2027-01-31T00:00:00Z"],
      }),
  })
  .meta({ id: "CreateKeyRequest", description: "A new API key." });

const keySchema = z
  .object({
    id: z.uuid().meta({ description: "UUIDv7." }),
    prefix: z.string().meta({ description: "How the secret begins, to tell keys apart." }),
    identity: keyIdentitySchema,
    roles: z.array(z.enum(roleNames)).meta({ description: "Bundles of scopes." }),
    scopes: z.array(z.enum(SCOPES)).meta({ description: "Scopes besides the roles'." }),
    created_at: z.iso.datetime().meta({ description: "RFC 3339." }),
    expires_at: z.iso.datetime().nullable().meta({ description: "RFC 3339; null when it does not expire." }),
    revoked_at: z.iso.datetime().nullable().meta({ description: "RFC 3339; null while it is not revoked." }),
  })
  .meta({ id: "Key", description: "An API key, without its secret." });

const createdSchema = keySchema
  .extend({ key: z.string().meta({ description: "The secret. It is shown this once and stored nowhere." }) })
  .meta({ id: "CreatedKey", description: "A new API key with its secret." });

const listSchema = z
  .object({
    items: z.array(keySchema).meta({ description: "All keys, oldest first, revoked ones too." }),
    next_cursor: z.null().meta({ description: "Always null: the list is whole." }),
  })
  .meta({ id: "KeyList", description: "All keys." });

const SECRET = `vdt_${"A".repeat(43)}`;

const KEY = {
  id: "01890b6e-7c00-7000-8000-000000000000",
  prefix: SECRET.slice(0, 12),
  identity: { name: "support-agent", roles: ["support"] },
  roles: ["agent"],
  scopes: [],
  created_at: "2026-01-31T09:00:00.000Z",
  expires_at: "2027-01-31T00:00:00.000Z",
  revoked_at: null,
};

export function addKeysRoutes(app: App, deps: HttpDeps): void {
  const { service } = deps;

  keyRoute(
    app,
    deps,
    {
      method: "get",
      path: "/v1/keys",
      operationId: "listKeys",
      tags: ["Keys"],
      summary: "All API keys",
      description: "Needs the scope `keys:write`.",
      responses: { 200: answersWith(listSchema, "All keys.", { items: [KEY], next_cursor: null }) },
    },
    { problems: ["storage_unavailable"] },
    async (_, caller, exchange) => {
      const items = (await listKeys(service, caller)).map(keyJson);
      return respond({ items, next_cursor: null }, exchange.clientRequestId);
    },
  );

  keyRoute(
    app,
    deps,
    {
      method: "post",
      path: "/v1/keys",
      operationId: "createKey",
      tags: ["Keys"],
      summary: "Create an API key",
      description: "Needs the scope `keys:write`. The secret is in the answer and nowhere else.",
      request: jsonBody(createSchema, {
        agent: { identity: { name: "support-agent", roles: ["support"] }, roles: ["agent"] },
      }),
      responses: { 201: answersWith(createdSchema, "The key and its secret.", { key: SECRET, ...KEY }) },
    },
    { problems: [...BODY_PROBLEMS, "storage_unavailable", "audit_unavailable"] },
    async (c, caller, exchange) => {
      const { expires_at, identity, roles, scopes } = await readBody(c, createSchema);
      const { name, tenant } = identity;
      const { key, secret } = await createKey(service, caller, {
        identity: tenant === undefined ? { name, roles: identity.roles } : { name, roles: identity.roles, tenant },
        roles,
        scopes,
        ...(expires_at === undefined ? undefined : { expiresAt: Date.parse(expires_at) }),
      });
      return respond({ key: secret, ...keyJson(key) }, exchange.clientRequestId, 201);
    },
  );

  keyRoute(
    app,
    deps,
    {
      method: "delete",
      path: "/v1/keys/{id}",
      operationId: "revokeKey",
      tags: ["Keys"],
      summary: "Revoke an API key",
      description:
        "Needs the scope `keys:write`. Revoking a revoked key changes nothing. The last key that can manage keys stays.",
      request: { params: z.object({ id: z.uuid().meta({ description: "The key's id." }) }) },
      responses: {
        200: answersWith(keySchema, "The revoked key.", { ...KEY, revoked_at: "2026-02-28T12:00:00.000Z" }),
      },
    },
    { problems: ["not_found", "conflict", "storage_unavailable", "audit_unavailable"] },
    async (c, caller, exchange) => {
      const key = await revokeKey(service, caller, c.req.param("id") ?? "");
      return respond(keyJson(key), exchange.clientRequestId);
    },
  );
}

const isoOrNull = (time: number | undefined) => (time === undefined ? null : new Date(time).toISOString());

function keyJson(key: KeyView) {
  return {
    id: key.id,
    prefix: key.prefix,
    identity: key.identity,
    roles: key.roles,
    scopes: key.scopes,
    created_at: new Date(key.createdAt).toISOString(),
    expires_at: isoOrNull(key.expiresAt),
    revoked_at: isoOrNull(key.revokedAt),
  };
}
