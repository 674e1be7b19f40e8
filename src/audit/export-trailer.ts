import { instantText, parseInstant } from "../model/instant.ts";
import type { Signer, VerifyingKey } from "./signing.ts";
import type { AuditFilters } from "./types.ts";
import type { VerifyErrorCode } from "./verify-report.ts";

/** The last line of an export. It signs all lines before it and says what they are. */
export interface ExportTrailer {
  readonly version: 1;
  readonly kind: "export.end";
  /** RFC 3339. */
  readonly exported_at: string;
  /** What the lines were selected by; `from` and `to` as RFC 3339. */
  readonly filters: Readonly<Record<string, string>>;
  /** Lines before this one. */
  readonly records: number;
  /** Hex, over all bytes before this line, line feeds included. */
  readonly sha256: string;
  readonly key_id: string;
  /** Base64 SPKI, to know the key by. SECURITY: never to verify with: who alters the file can put another here. */
  readonly public_key: string;
  /** Base64, over `trailerText` below. */
  readonly signature: string;
}

/** @returns the line, without a line feed */
export function signTrailer(
  signer: Signer,
  content: Pick<ExportTrailer, "exported_at" | "records" | "sha256"> & { readonly filters: AuditFilters },
): string {
  const trailer: Omit<ExportTrailer, "signature"> = {
    version: 1,
    kind: "export.end",
    exported_at: content.exported_at,
    filters: toWire(content.filters),
    records: content.records,
    sha256: content.sha256,
    key_id: signer.keyId,
    public_key: signer.publicKey,
  };
  const covered = JSON.stringify(trailer).slice(0, -1);
  return `${covered},"signature":"${signer.sign(trailerText(covered))}"}`;
}

/** What is signed. @param covered the trailer's own text before `,"signature"` */
function trailerText(covered: string): string {
  return `verdict-export:1\n${covered}`;
}

const START = Buffer.from('{"version":1,"kind":"export.end",');

/** Whether a line means to be a trailer, as no record does. */
export function isTrailer(line: Uint8Array): boolean {
  return START.equals(line.subarray(0, START.length));
}

/** A trailer whose signature is right, or what is wrong with it. Whether it fits the lines before it is not checked. */
export function openTrailer(line: Uint8Array, keys: readonly VerifyingKey[]): ExportTrailer | VerifyErrorCode {
  const parsed = parseTrailer(line);
  if (parsed === undefined) return "trailer_signature";
  const { trailer, covered } = parsed;
  const key = keys.find(({ keyId }) => keyId === trailer.key_id);
  if (key === undefined) return "unknown_key";
  return key.isSignature(trailerText(covered), trailer.signature) ? trailer : "trailer_signature";
}

/** @returns undefined when the line does not have the shape */
function parseTrailer(line: Uint8Array): { readonly trailer: ExportTrailer; readonly covered: string } | undefined {
  try {
    // SECURITY: strict, since a decoder that replaces bytes gives the same text for different ones.
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(line);
    const covered = /^(.*),"signature":"[A-Za-z0-9+/]{86}=="\}$/.exec(text)?.[1];
    return covered === undefined ? undefined : { trailer: JSON.parse(text) as ExportTrailer, covered };
  } catch {
    return undefined;
  }
}

/** The filters of a trailer whose signature was checked. */
export function filtersOf({ filters }: Pick<ExportTrailer, "filters">): AuditFilters {
  const { from, to, ...others } = filters;
  return {
    ...(others as AuditFilters),
    ...(from === undefined ? undefined : { from: parseInstant(from) }),
    ...(to === undefined ? undefined : { to: parseInstant(to) }),
  };
}

function toWire({ from, to, ...others }: AuditFilters): Record<string, string> {
  return {
    ...(from === undefined ? undefined : { from: instantText(from) }),
    ...(to === undefined ? undefined : { to: instantText(to) }),
    ...others,
  };
}
