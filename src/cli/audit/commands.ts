import { type Command, InvalidArgumentError, Option } from "commander";
import type { CliDeps } from "../deps.ts";
import { parseTime } from "../parse-time.ts";
import type { ServiceTarget } from "../service/target.ts";
import type { AuditExportOptions } from "./export-command.ts";
import * as help from "./help-text.ts";
import type { AuditVerifyOptions } from "./verify-command.ts";

const KEYS_MAX = 100;

/** Adds `verdict audit` and what belongs to it. */
export function addAudit(program: Command, deps: CliDeps, onExitCode: (code: number) => void): void {
  const audit = program
    .command("audit")
    .description("verify and export the audit log")
    .addHelpText("after", help.AUDIT_VERIFY_HELP);

  const verify = audit
    .command("verify")
    .description("check that the log, or an export of it, is what was written")
    .argument("[file]", "an export; `-` reads stdin; without one the log in the database")
    .addOption(publicKeys())
    .option("--with-service", "also verify the log in the database, and hold the file against it")
    .option("--from <time>", "of the log in the database: records at or after it, RFC 3339", parseTime)
    .option("--to <time>", "of the log in the database: records before it, RFC 3339", parseTime)
    .option("--json", "print the report as JSON")
    .addHelpText("after", help.AUDIT_VERIFY_HELP)
    .action(async (file: string | undefined, options: AuditVerifyOptions) => {
      const { runAuditVerify } = await import("./verify-command.ts");
      onExitCode(await runAuditVerify(deps, file, options));
    });

  const exporting = audit
    .command("export")
    .description("download the log as a file")
    .option("--from <time>", "records at or after it, RFC 3339", parseTime)
    .option("--to <time>", "records before it, RFC 3339", parseTime)
    .addOption(new Option("--format <format>", "ndjson to verify (default), csv to read").choices(["ndjson", "csv"]))
    .option("--output <file>", "the file to write (default: as the service calls it, in this directory)")
    .addHelpText("after", help.AUDIT_EXPORT_HELP)
    .action(async (options: AuditExportOptions) => {
      const { runAuditExport } = await import("./export-command.ts");
      onExitCode(await runAuditExport(deps, options));
    });

  const publicKey = audit
    .command("public-key")
    .description("print the public keys that exports are verified with")
    .addHelpText("after", help.AUDIT_PUBLIC_KEY_HELP)
    .action(async (options: ServiceTarget) => {
      const { runAuditPublicKey } = await import("./public-key-command.ts");
      onExitCode(await runAuditPublicKey(deps, options));
    });

  for (const command of [verify, exporting, publicKey]) {
    command
      .option("--url <url>", "address of the service (default: VERDICT_URL)")
      .option("--key <key>", "key to authenticate with; other processes can see it, so prefer VERDICT_API_KEY");
  }
}

function publicKeys(): Option {
  return new Option(
    "--public-key <file>",
    "public key of the service as PEM, repeatable (default: those in the data directory)",
  ).argParser((path, previous: readonly string[] | undefined) => {
    const paths = [...(previous ?? []), path];
    if (paths.length > KEYS_MAX) throw new InvalidArgumentError(`At most ${KEYS_MAX} are allowed.`);
    return paths;
  });
}
