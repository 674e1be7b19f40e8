export { createApiKey, hashSecret, type NewApiKey } from "./api-key.ts";
export { assertScope, resolveIdentity } from "./caller.ts";
export { createKeyRing, type KeyRing, scopesOf } from "./key-ring.ts";
export * from "./types.ts";
