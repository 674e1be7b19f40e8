import { instantOfUuidv7 } from "../model/uuid.ts";
import type { AuditRecord, ChainedRecord } from "./types.ts";

/** A decision as it is recorded, with what is text already as text. */
export interface DecisionEntry {
  readonly id: string;
  /** RFC 3339, as `instantText` in `model/` writes it. */
  readonly time: string;
  readonly requestJson: string;
  readonly identityJson: string;
  readonly decisionJson: string;
  readonly ruledJson?: string | undefined;
  readonly approvalJson?: string | undefined;
  readonly key_id: string;
  readonly client_request_id?: string | undefined;
  readonly latency_us: number;
  readonly redacted?: readonly string[] | undefined;
  readonly arguments_digest?: string | undefined;
}

/**
 * A record, without its link, as the one line of JSON that spool and store keep: no line break in it, keys in the record's
 * own order. Equal to `JSON.stringify(record)`.
 */
export function serializeRecord(record: AuditRecord): string {
  if (record.kind !== "decision") return JSON.stringify(record);
  const { request, identity, decision, ruled, approval } = record;
  return serializeDecision({
    ...record,
    requestJson: JSON.stringify(request),
    identityJson: JSON.stringify(identity),
    decisionJson: JSON.stringify(decision),
    ruledJson: JSON.stringify(ruled),
    approvalJson: JSON.stringify(approval),
  });
}

/**
 * Every decision passes through here, so nothing is put into words twice: not the request, which came as text, and not
 * what many decisions share. `id` is a UUID.
 */
export function serializeDecision(entry: DecisionEntry): string {
  const { id, time, client_request_id: client, redacted, arguments_digest: digest } = entry;
  return `{"version":1,"kind":"decision","id":"${id}","request_id":"${id}","time":"${time}","request":${onOneLine(entry.requestJson)},"identity":${entry.identityJson},"decision":${entry.decisionJson},${acted(entry)}"key_id":${JSON.stringify(entry.key_id)},${client === undefined ? "" : `"client_request_id":${JSON.stringify(client)},`}"latency_us":${entry.latency_us}${redacted === undefined ? "" : `,"redacted":${JSON.stringify(redacted)}`}${digest === undefined ? "" : `,"arguments_digest":"${digest}"`}}`;
}

/** Few decisions rest on a person. */
function acted({ ruledJson, approvalJson }: DecisionEntry): string {
  if (ruledJson === undefined && approvalJson === undefined) return "";
  return `${member("ruled", ruledJson)}${member("approval", approvalJson)}`;
}

const member = (name: string, json: string | undefined) => (json === undefined ? "" : `"${name}":${json},`);

/** JSON has line breaks only between its tokens, and few clients send any. */
function onOneLine(json: string): string {
  return json.includes("\n") || json.includes("\r") ? JSON.stringify(JSON.parse(json)) : json;
}

const ID = /^\n*\{"version":1,"kind":"[a-z._]+","id":"([0-9a-f-]{36})"/;

/** Of a line, or of its beginning, as `serializeRecord` writes it; undefined when it is none. */
export const idOfLine = (line: string) => ID.exec(line)?.[1];

/** When the record of a line was made, by its id, in epoch milliseconds. */
export function instantOfLine(line: string): number | undefined {
  const id = idOfLine(line);
  return id === undefined ? undefined : instantOfUuidv7(id);
}

/** @throws SyntaxError when the line is not JSON */
export function parseRecord(line: string): ChainedRecord {
  return JSON.parse(line) as ChainedRecord;
}

/** The lines of a text, or of its bytes, that holds a record on each; empty lines mean nothing. */
export function linesOf(text: string | Buffer): string[] {
  return text
    .toString()
    .split("\n")
    .filter((line) => line !== "");
}
