export * from "./activation-of.ts";
export * from "./chain.ts";
export * from "./checkpoint.ts";
export * from "./line-hash.ts";
export * from "./serialize-record.ts";
export * from "./shipper.ts";
export * from "./signing.ts";
export * from "./types.ts";
