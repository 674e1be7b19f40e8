import { createHash } from "node:crypto";
import { signTrailer } from "./export-trailer.ts";
import type { Signer } from "./signing.ts";
import type { AuditFilters } from "./types.ts";

/** Writes an export (NDJSON): stored lines byte for byte, then the trailer. Memory does not grow with it. */
export interface Export {
  /**
   * @param lines stored lines in ascending order of ids; none may have a line feed in it
   * @returns the bytes to send for them, which are the ones that get signed. Empty for no lines
   */
  add(lines: readonly string[]): Uint8Array;
  /** @param exportedAt RFC 3339 @returns the trailer with its line feed; the export ends with it */
  end(exportedAt: string): string;
}

/** @param filters what the lines were selected by; `{}` promises the whole log */
export function createExport(signer: Signer, filters: AuditFilters): Export {
  const hash = createHash("sha256");
  let records = 0;
  return {
    add(lines) {
      const bytes = Buffer.from(lines.length === 0 ? "" : `${lines.join("\n")}\n`);
      records += lines.length;
      hash.update(bytes);
      return bytes;
    },
    end(exportedAt) {
      const sha256 = hash.digest("hex");
      return `${signTrailer(signer, { exported_at: exportedAt, filters, records, sha256 })}\n`;
    },
  };
}
