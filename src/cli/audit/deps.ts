import type { VerifyReport } from "../../audit/index.ts";

/** Which records; RFC 3339 and names as in the query of the HTTP interface. */
export type AuditSelection = Readonly<Record<string, string>>;

/** An audit log: that of a running service, or the one in a database. Methods reject with a CliError or an AppError. */
export interface AuditService {
  /**
   * @param range `from` and `to` at most
   * @param publicKeys as PEM, instead of those that are known there; a service knows its own and takes no others
   */
  verify(range: AuditSelection, publicKeys?: readonly string[]): Promise<VerifyReport>;
  /** Reading the file rejects when the transfer is cut off: then what was read is not an export. */
  export(format: "ndjson" | "csv", selection: AuditSelection): Promise<AuditDownload>;
  /** As SPKI PEM, by key id, the current one first. */
  keys(): Promise<ReadonlyMap<string, string>>;
  close(): Promise<void>;
}

export interface AuditDownload {
  /** What the service calls it; undefined when it could not be used as a file's name here. */
  readonly fileName: string | undefined;
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** Files that are too large to be read whole. Paths are absolute. */
export interface AuditFiles {
  /** @returns rejects with the system's error. `bytes` is undefined where nobody knows how many come */
  open(path: string): Promise<{ readonly bytes: number | undefined; readonly chunks: AsyncIterable<Uint8Array> }>;
  readonly stdin: AsyncIterable<Uint8Array>;
  /** Starts a file that shows up at `path` when it is complete, and not before. @returns rejects as `open` */
  create(path: string): Promise<NewFile>;
  exists(path: string): boolean;
}

export interface NewFile {
  write(chunk: Uint8Array): Promise<void>;
  /** Safe on disk, and under its name. */
  complete(): Promise<void>;
  /** Leaves nothing behind. */
  discard(): Promise<void>;
}
