export * from "./activation-of.ts";
export * from "./serialize-record.ts";
export * from "./shipper.ts";
export * from "./types.ts";
