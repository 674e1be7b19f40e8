import { resolve } from "node:path";
import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import type { AuditSelection } from "../audit/deps.ts";
import { withAuditService } from "../audit/target.ts";
import { CliError } from "../cli-error.ts";
import type { CliDeps } from "../deps.ts";
import { EXIT } from "../exit-codes.ts";
import { createProgress, NO_PROGRESS } from "../progress.ts";
import { type ServiceTarget, usage } from "../service/target.ts";

export interface ReplaySource extends ServiceTarget {
  /** A file, or `-` for stdin; without it the log of a service. */
  readonly export?: string;
}

type Chunks = AsyncIterable<Uint8Array>;

/** Gives the bytes of an export to `work`, with a bar on stderr while they are read. @throws CliError when they cannot be read */
export async function withExport<T>(
  deps: CliDeps,
  source: ReplaySource,
  selection: AuditSelection,
  work: (chunks: Chunks) => Promise<T>,
): Promise<T> {
  const file = source.export;
  if (file === undefined) {
    return withAuditService(deps, source, async (service) => {
      const { chunks } = await service.export("ndjson", selection);
      return work(counted(deps, chunks, undefined));
    });
  }
  if (source.url !== undefined || source.key !== undefined)
    throw usage("--export reads a file; --url and --key are for the log of a service", "Leave out one of them.");
  const { chunks, bytes } = await openFile(deps, file);
  const read = counted(deps, chunks, bytes);
  return work(readable(file, file.endsWith(".gz") ? unpacked(read) : read));
}

async function openFile({ auditFiles, cwd }: CliDeps, file: string) {
  if (file === "-") return { bytes: undefined, chunks: auditFiles.stdin };
  try {
    return await auditFiles.open(resolve(cwd, file));
  } catch (error) {
    throw unreadable(file, error, EXIT.usage);
  }
}

async function* counted(deps: CliDeps, chunks: Chunks, total: number | undefined): AsyncGenerator<Uint8Array, void> {
  const progress = deps.isErrorInteractive
    ? createProgress({ label: "replaying", total, write: deps.stderr, now: deps.now })
    : NO_PROGRESS;
  try {
    for await (const chunk of chunks) {
      progress.add(chunk.length);
      yield chunk;
    }
  } finally {
    progress.end();
  }
}

const unpacked = (chunks: Chunks): Chunks => pipeline(Readable.from(chunks), createGunzip(), () => undefined);

async function* readable(file: string, chunks: Chunks): AsyncGenerator<Uint8Array, void> {
  try {
    yield* chunks;
  } catch (error) {
    throw unreadable(file, error, EXIT.failed);
  }
}

function unreadable(file: string, error: unknown, exitCode: number): CliError {
  const reason = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
  return new CliError(`\`${file}\` cannot be read (${reason})`, { exitCode, cause: error });
}
