import { createHash } from "node:crypto";
import { resolve } from "node:path";
import { CliError } from "../cli-error.ts";
import type { CliDeps } from "../deps.ts";
import { EXIT } from "../exit-codes.ts";
import { isObject } from "../key-json.ts";
import { printable } from "../printable.ts";
import { createProgress, NO_PROGRESS } from "../progress.ts";
import { type ServiceTarget, usage } from "../service/target.ts";
import type { AuditDownload, NewFile } from "./deps.ts";
import { withAuditService } from "./target.ts";
import { rangeOf } from "./verify-command.ts";

export interface AuditExportOptions extends ServiceTarget {
  /** Epoch milliseconds. */
  readonly from?: number;
  readonly to?: number;
  readonly format?: "ndjson" | "csv";
  readonly output?: string;
}

/** Stdout gets the name of the file. It shows up when it is complete; a transfer that breaks off leaves nothing behind. */
export async function runAuditExport(deps: CliDeps, options: AuditExportOptions): Promise<number> {
  const format = options.format ?? "ndjson";
  return withAuditService(deps, options, async (service) => {
    const download = await service.export(format, rangeOf(options));
    const name = nameOf(deps, options, download);
    const file = await create(deps, name);
    try {
      const check = format === "ndjson" ? createExportCheck() : undefined;
      await save(deps, download, file, check);
      check?.assertComplete();
      await file.complete();
    } catch (error) {
      await file.discard();
      throw error;
    }
    deps.stdout(`${printable(name)}\n`);
    return EXIT.ok;
  });
}

function nameOf({ auditFiles, cwd }: CliDeps, { output }: AuditExportOptions, { fileName }: AuditDownload): string {
  if (output !== undefined) return output;
  if (fileName === undefined) throw usage("the service names no file that can be used here", "Name one with --output.");
  // A name that nobody typed overwrites nothing.
  if (!auditFiles.exists(resolve(cwd, fileName))) return fileName;
  throw usage(`\`${fileName}\` is there already`, "Remove it, or give another name with --output.");
}

async function create({ auditFiles, cwd }: CliDeps, name: string): Promise<NewFile> {
  try {
    return await auditFiles.create(resolve(cwd, name));
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
    const hint =
      code === "EEXIST"
        ? `\`${name}.partial\` is there: another export writes it, or one was killed; remove it then.`
        : "Name a file in a folder that is there and may be written to.";
    throw usage(`\`${name}\` cannot be written (${code})`, hint);
  }
}

async function save(
  deps: CliDeps,
  { chunks }: AuditDownload,
  file: NewFile,
  check: ExportCheck | undefined,
): Promise<void> {
  const progress = deps.isErrorInteractive
    ? createProgress({ label: "exporting", total: undefined, write: deps.stderr, now: deps.now })
    : NO_PROGRESS;
  try {
    for await (const chunk of chunks) {
      check?.write(chunk);
      await file.write(chunk);
      progress.add(chunk.length);
    }
  } finally {
    progress.end();
  }
}

interface ExportCheck {
  write(chunk: Uint8Array): void;
  /** @throws CliError */
  assertComplete(): void;
}

const LINE_FEED = 10;

/**
 * Whether an export is all that was sent: its last line holds a digest of everything before. That the service signed it is
 * for `audit verify` to say.
 */
function createExportCheck(): ExportCheck {
  const hash = createHash("sha256");
  /** From the beginning of the last line on. */
  let last: Buffer = Buffer.alloc(0);
  return {
    write(chunk) {
      const bytes = Buffer.concat([last, chunk]);
      const start = bytes.subarray(0, -1).lastIndexOf(LINE_FEED) + 1;
      hash.update(bytes.subarray(0, start));
      last = bytes.subarray(start);
    },
    assertComplete() {
      if (digestIn(last) === hash.digest("hex")) return;
      throw new CliError("the export is not complete: its end does not fit what came before", { hint: "Try again." });
    },
  };
}

function digestIn(trailer: Buffer): unknown {
  try {
    const value: unknown = JSON.parse(trailer.toString());
    return isObject(value) && value.kind === "export.end" ? value.sha256 : undefined;
  } catch {
    // Then it is no trailer.
    return undefined;
  }
}
