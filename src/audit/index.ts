export * from "./shipper.ts";
export * from "./types.ts";
