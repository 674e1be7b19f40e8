import { EXIT_CODES_TEXT } from "../help-text.ts";

const TARGET_TEXT = `
With a key (VERDICT_API_KEY or --key) the log is that of the service at VERDICT_URL or --url, by default
http://127.0.0.1:8181. Without one it is the database of DATABASE_URL, or the embedded one in VERDICT_DATA_DIR: that is read
by the service while it runs, and directly while it does not.`;

export const AUDIT_VERIFY_HELP = `
A file is verified offline, with the public keys alone; one that ends with .gz is unpacked. Without a file the log in the
database is verified: by the service, or here when it is read directly. With both, every record of the file must be in the log,
byte for byte.
${TARGET_TEXT}

Examples:
  $ verdict audit verify                                    the log in the database
  $ DATABASE_URL=postgres://auditor@db/verdict verdict audit verify --public-key key.pem
  $ verdict audit verify export.ndjson --public-key key.pem
  $ verdict audit verify export.ndjson --with-service
  $ gpg -d export.gpg | verdict audit verify - --public-key key.pem --json
${EXIT_CODES_TEXT}
  1  also: what was verified is not valid`;

export const AUDIT_EXPORT_HELP = `
The file shows up when it is complete; its name is printed. NDJSON ends with a signature over all of it, CSV does not.
${TARGET_TEXT}

Examples:
  $ verdict audit export --output export.ndjson
  $ verdict audit export --from 2026-01-01T00:00:00Z --to 2026-02-01T00:00:00Z --format csv
${EXIT_CODES_TEXT}`;

export const AUDIT_PUBLIC_KEY_HELP = `
Give it to auditors by another way than the exports, so that they need not trust the service for it. Without a key and an
address these are the keys in the data directory.
${TARGET_TEXT}

Examples:
  $ verdict audit public-key > key.pem
${EXIT_CODES_TEXT}`;
