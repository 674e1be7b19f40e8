import * as crypto from "node:crypto";
import { SEAL_LENGTH } from "./chain.ts";

/** Lower-case hex SHA-256 (FIPS 180-4) of bytes, or of a text's UTF-8. */
export function sha256(data: Uint8Array | string): string {
  return crypto.hash("sha256", data, "hex");
}

/** What the hash of a line has to be. @param line whole, without its line feed */
export function hashOfLine(line: string): string {
  return sha256(line.slice(0, -SEAL_LENGTH));
}
