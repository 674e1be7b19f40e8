import { BOOL, DOUBLE, DYN, INT, listOf, MAP, NULL, STRING, type StaticType, TIMESTAMP } from "./static-types.ts";

/** The inputs of a rule, by name. Everything below `arguments`, `context` and `identity.attributes` is unknown. */
export const INPUTS: Readonly<Record<string, StaticType>> = {
  action_type: STRING,
  action_name: STRING,
  arguments: MAP,
  destination: {
    kind: "object",
    name: "destination",
    fields: { url: STRING, domain: STRING, ip: STRING, port: DOUBLE, scheme: STRING, path: STRING, command: STRING },
  },
  identity: {
    kind: "object",
    name: "identity",
    fields: { name: STRING, roles: listOf(STRING), tenant: STRING, attributes: MAP },
  },
  session: { kind: "object", name: "session", fields: { id: STRING } },
  context: MAP,
  request: { kind: "object", name: "request", fields: { id: STRING, time: TIMESTAMP } },
  now: TIMESTAMP,
};

/** Inputs through which the outcome can differ for an equal request. */
export const VOLATILE_INPUTS: ReadonlySet<string> = new Set(["now", "request", "session"]);

export interface Alias {
  readonly path: readonly [string, ...string[]];
  /** What the name stands for when there is nothing at the path; undefined where the path is always there. */
  readonly absent?: string | number;
}

/** Flat names of the same inputs, as in rules written for SentinelGate. Unlike a path, one that is absent is empty. */
export const ALIASES: Readonly<Record<string, Alias>> = {
  tool_name: { path: ["action_name"] },
  tool_args: { path: ["arguments"] },
  identity_name: { path: ["identity", "name"] },
  identity_roles: { path: ["identity", "roles"] },
  user_roles: { path: ["identity", "roles"] },
  dest_url: { path: ["destination", "url"], absent: "" },
  dest_domain: { path: ["destination", "domain"], absent: "" },
  dest_ip: { path: ["destination", "ip"], absent: "" },
  dest_port: { path: ["destination", "port"], absent: 0 },
  dest_scheme: { path: ["destination", "scheme"], absent: "" },
  dest_path: { path: ["destination", "path"], absent: "" },
  dest_command: { path: ["destination", "command"], absent: "" },
  protocol: { path: ["context", "protocol"], absent: "" },
  framework: { path: ["context", "framework"], absent: "" },
  gateway: { path: ["context", "gateway"], absent: "" },
  session_id: { path: ["session", "id"], absent: "" },
  request_time: { path: ["now"] },
};

/** Types as values: `type(x) == string`. */
export const TYPE_NAMES: ReadonlySet<string> = new Set([
  "bool",
  "bytes",
  "double",
  "int",
  "list",
  "map",
  "null_type",
  "string",
  "type",
  "uint",
]);

export function isInput(name: string): boolean {
  return Object.hasOwn(INPUTS, name);
}

export function aliasOf(name: string): Alias | undefined {
  return Object.hasOwn(ALIASES, name) ? ALIASES[name] : undefined;
}

export function fieldType(type: StaticType, field: string): StaticType | undefined {
  if (type.kind === "object") return Object.hasOwn(type.fields, field) ? type.fields[field] : undefined;
  return type.kind === "map" ? type.value : DYN;
}

/** The static type at a path whose first name is an input; undefined when the schema has no such field. */
export function typeAtPath(keys: readonly string[]): StaticType | undefined {
  let type: StaticType | undefined = isInput(keys[0]!) ? INPUTS[keys[0]!] : undefined;
  for (const key of keys.slice(1)) type = type === undefined ? undefined : fieldType(type, key);
  return type;
}

/**
 * Whether there is always a map at the path, so that asking it for a key cannot be an error: an input itself, or the
 * attributes of the identity.
 */
export function isAlwaysMap(keys: readonly string[]): boolean {
  if (keys.length === 2) return keys[0] === "identity" && keys[1] === "attributes";
  return keys.length === 1 && keys[0] !== "now" && !keys[0]!.startsWith("action_");
}

export function typeOfLiteral(value: unknown): StaticType {
  if (value === null) return NULL;
  switch (typeof value) {
    case "boolean":
      return BOOL;
    case "string":
      return STRING;
    case "number":
      return DOUBLE;
    case "bigint":
      return INT;
    default:
      return { kind: value instanceof Uint8Array ? "bytes" : "uint" };
  }
}
