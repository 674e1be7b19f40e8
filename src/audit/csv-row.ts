import type { ChainedRecord } from "./types.ts";

/**
 * A record as a line of CSV (RFC 4180) with its line break, safe to open in a spreadsheet. It is for reading: it does
 * not hold all of a record and cannot be verified. `identity` is the name, `rules` are parted by spaces; `arguments`,
 * `destination` and `data` are JSON.
 */
export function csvRow(record: ChainedRecord): string {
  return `${cellsOf(record).map(quote).join(",")}\r\n`;
}

const COLUMNS = [
  ...["id", "time", "kind", "identity", "action_type", "action_name", "decision", "reason_code", "rule_id", "rules"],
  ...["session_id", "key_id", "latency_us", "actor", "arguments", "destination", "data", "writer", "seq", "hash"],
];

/** The first line, with its line break. */
export const csvHeader = `${COLUMNS.join(",")}\r\n`;

type Cell = string | number | undefined;

/** In the order of `COLUMNS`. */
function cellsOf(record: ChainedRecord): readonly Cell[] {
  const { id, time, kind, writer, seq, hash } = record;
  if (record.kind !== "decision") {
    const empty: Cell[] = Array.from({ length: 10 });
    return [id, time, kind, ...empty, record.actor, undefined, undefined, json(record.data), writer, seq, hash];
  }
  const { request, identity, decision, key_id, latency_us } = record;
  return [
    ...[id, time, kind, identity.name, request.action_type, request.action_name],
    ...[decision.decision, decision.reason_code, decision.rule_id, decision.rules.join(" ")],
    ...[request.session_id, key_id, latency_us, undefined],
    ...[json(request.arguments), json(request.destination), undefined, writer, seq, hash],
  ];
}

const json = (value: unknown): string | undefined => (value === undefined ? undefined : JSON.stringify(value));

/**
 * What a spreadsheet may take for the beginning of a formula, also behind what it skips, and in the full-width and small
 * forms that it folds.
 * @see https://owasp.org/www-community/attacks/CSV_Injection
 */
const FORMULA = /^(?:[\t\r\n]|[\p{C}\p{Z}\t\r\n"'`]*[=+\-@＝＋－＠﹦﹢﹣﹫])/u;

/** Every cell is quoted: a semicolon or a tab, which other programs take for the end of a cell, then means nothing. */
function quote(cell: Cell): string {
  if (cell === undefined) return "";
  const text = String(cell);
  return `"${FORMULA.test(text) ? "'" : ""}${text.replaceAll('"', '""')}"`;
}
