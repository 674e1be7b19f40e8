import { resolve } from "node:path";
import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { createExportVerifier, createVerifyingKey, type ExportReport, type VerifyingKey } from "../../audit/index.ts";
import { CliError } from "../cli-error.ts";
import type { CliDeps } from "../deps.ts";
import { EXIT } from "../exit-codes.ts";
import { createPaint } from "../paint.ts";
import { printableJson } from "../printable.ts";
import { createProgress, NO_PROGRESS } from "../progress.ts";
import { type ServiceTarget, usage } from "../service/target.ts";
import { type Comparison, compareWithService } from "./compare.ts";
import type { AuditSelection, AuditService } from "./deps.ts";
import { formatComparison, formatReport } from "./report-text.ts";
import { withAuditService } from "./target.ts";

export interface AuditVerifyOptions extends ServiceTarget {
  readonly publicKey?: readonly string[];
  readonly withService?: boolean;
  /** Epoch milliseconds. */
  readonly from?: number;
  readonly to?: number;
  readonly json?: boolean;
}

/** @returns 0 only when all that was verified is valid */
export async function runAuditVerify(
  deps: CliDeps,
  file: string | undefined,
  options: AuditVerifyOptions,
): Promise<number> {
  assertSensible(file, options);
  if (file === undefined) return verifyService(deps, options);
  const keys = await readKeys(deps, options.publicKey ?? []);
  const report = await verifyFile(deps, file, keys);
  if (options.withService !== true) return show(deps, options, [[file, report]]);
  return withAuditService(deps, options, (service) => verifyBoth(deps, options, file, report, service));
}

function assertSensible(file: string | undefined, { withService, from, to }: AuditVerifyOptions): void {
  if (file === undefined && withService === true) throw usage("--with-service needs a file to compare with");
  if (file !== undefined && (from !== undefined || to !== undefined)) {
    throw usage("--from and --to are for a service's log; a file is verified whole");
  }
  if (file === "-" && withService === true) {
    throw usage("--with-service reads the file twice, which stdin cannot be", "Name the file.");
  }
}

async function verifyService(deps: CliDeps, options: AuditVerifyOptions): Promise<number> {
  const { publicKey } = options;
  const pems = publicKey && (await Promise.all(publicKey.map((path) => readPems(deps, path)))).flat();
  const report = await withAuditService(deps, options, (service) => service.verify(rangeOf(options), pems));
  return show(deps, options, [["the log", report]]);
}

export const rangeOf = ({ from, to }: Pick<AuditVerifyOptions, "from" | "to">): AuditSelection => ({
  ...(from === undefined ? undefined : { from: new Date(from).toISOString() }),
  ...(to === undefined ? undefined : { to: new Date(to).toISOString() }),
});

/** Those that were given, or else those of the service that runs in this environment. */
async function readKeys(deps: CliDeps, paths: readonly string[]): Promise<VerifyingKey[]> {
  const found = paths.length > 0 ? [] : [...(await deps.readAuditKeys()).values()];
  const given = await Promise.all(paths.map((path) => readPems(deps, path)));
  const keys = [...found, ...given.flat()].map((pem) => createVerifyingKey(pem));
  if (keys.length > 0) return keys;
  throw usage(
    "a public key is needed to verify a file",
    "Give it with --public-key; `verdict audit public-key` prints it where the service runs.",
  );
}

const PEM = /-----BEGIN PUBLIC KEY-----[^-]+-----END PUBLIC KEY-----/g;

/** A file may hold several. */
async function readPems(deps: CliDeps, path: string): Promise<string[]> {
  let text: string;
  try {
    text = Buffer.from(await deps.readFile(resolve(deps.cwd, path))).toString();
  } catch (error) {
    throw unreadable(path, error);
  }
  try {
    const pems = text.match(PEM) ?? [];
    // SECURITY: whoever hands out the private key by mistake hears of it.
    if (pems.length === 0 || text.includes("PRIVATE KEY")) createVerifyingKey(text);
    for (const pem of pems) createVerifyingKey(pem);
    return pems.length === 0 ? [text] : pems;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw usage(`\`${path}\` cannot be used: ${error.message}`, "Name a file with a public key as PEM.");
  }
}

async function verifyFile(deps: CliDeps, file: string, keys: readonly VerifyingKey[]): Promise<ExportReport> {
  const verifier = createExportVerifier({ keys });
  for await (const chunk of await openExport(deps, file)) verifier.write(chunk);
  return verifier.end();
}

/** The bytes of an export, unpacked, with a bar on stderr while they are read. @throws CliError */
async function openExport(deps: CliDeps, file: string): Promise<AsyncIterable<Uint8Array>> {
  const opened = await openFile(deps, file);
  const progress = deps.isErrorInteractive
    ? createProgress({ label: "verifying", total: opened.bytes, write: deps.stderr, now: deps.now })
    : NO_PROGRESS;
  const counted = async function* () {
    for await (const chunk of opened.chunks) {
      progress.add(chunk.length);
      yield chunk;
    }
  };
  const bytes = file.endsWith(".gz") ? pipeline(Readable.from(counted()), createGunzip(), () => undefined) : counted();
  return readable(file, bytes, () => progress.end());
}

async function openFile({ auditFiles, cwd }: CliDeps, file: string) {
  if (file === "-") return { bytes: undefined, chunks: auditFiles.stdin };
  try {
    return await auditFiles.open(resolve(cwd, file));
  } catch (error) {
    throw unreadable(file, error);
  }
}

async function* readable(
  file: string,
  chunks: AsyncIterable<Uint8Array>,
  end: () => void,
): AsyncGenerator<Uint8Array, void> {
  try {
    yield* chunks;
  } catch (error) {
    throw unreadable(file, error, EXIT.failed);
  } finally {
    end();
  }
}

function unreadable(file: string, error: unknown, exitCode: number = EXIT.usage): CliError {
  const reason = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
  return new CliError(`\`${file}\` cannot be read (${reason})`, { exitCode, cause: error });
}

async function verifyBoth(
  deps: CliDeps,
  options: AuditVerifyOptions,
  file: string,
  report: ExportReport,
  service: AuditService,
): Promise<number> {
  // What the file claims to be is only known from a trailer whose signature is right.
  if (report.export === undefined) return show(deps, options, [[file, report]]);
  const { from, to } = report.export.filters;
  const range = { ...(from === undefined ? undefined : { from }), ...(to === undefined ? undefined : { to }) };
  const theirs = await service.verify(range);
  const { chunks } = await service.export("ndjson", report.export.filters);
  const comparison = await compareWithService(await openExport(deps, file), chunks);
  return show(
    deps,
    options,
    [
      [file, report],
      ["the log", theirs],
    ],
    comparison,
  );
}

type Titled = readonly [title: string, report: ExportReport];

function show(
  deps: CliDeps,
  { json }: AuditVerifyOptions,
  [first, second]: readonly [Titled, Titled?],
  comparison?: Comparison,
): number {
  const reports = second === undefined ? [first] : [first, second];
  const isSame = comparison === undefined || comparison.different + comparison.missing === 0;
  const isValid = reports.every(([, { valid }]) => valid) && isSame;
  if (json === true) {
    const [file, service] = [first[1], second?.[1]];
    const value = comparison === undefined ? file : { valid: isValid, file, service, comparison };
    deps.stdout(printableJson(value, deps.isInteractive));
  } else {
    const paint = createPaint(deps.env, deps.isInteractive);
    const told = reports.map(([title, report]) => formatReport(title, report, paint));
    deps.stdout([...told, ...(comparison === undefined ? [] : [formatComparison(comparison, paint)])].join(""));
  }
  return isValid ? EXIT.ok : EXIT.failed;
}
