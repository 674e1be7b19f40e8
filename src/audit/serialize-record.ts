import { decisionJson } from "../model/decision-json.ts";
import type { AuditRecord, DecisionRecord } from "./types.ts";

/** A decision as it is recorded: the request as the text that it was sent as. */
export type DecisionEntry = Omit<DecisionRecord, "version" | "kind" | "request" | "client_request_id"> & {
  readonly requestJson: string;
  readonly client_request_id?: string | undefined;
};

/**
 * A record as the one line of JSON that spool and store keep: no line break in it, keys in the record's own order. Equal to
 * `JSON.stringify(record)`.
 */
export function serializeRecord(record: AuditRecord): string {
  if (record.kind !== "decision") return JSON.stringify(record);
  return serializeDecision({ ...record, requestJson: JSON.stringify(record.request) });
}

/**
 * Every decision passes through here, so nothing is put into words twice: not the request, which came as text, and not
 * what many decisions share. `id` is a UUID.
 */
export function serializeDecision(entry: DecisionEntry): string {
  const { id, time, requestJson, identity, decision, key_id, client_request_id: client, latency_us } = entry;
  return `{"version":1,"kind":"decision","id":"${id}","time":${time},"request":${onOneLine(requestJson)},"identity":${identityJson(identity)},"decision":${decisionJson(decision)},"key_id":${JSON.stringify(key_id)},${client === undefined ? "" : `"client_request_id":${JSON.stringify(client)},`}"latency_us":${latency_us}}`;
}

/** JSON has line breaks only between its tokens, and few clients send any. */
function onOneLine(json: string): string {
  return json.includes("\n") || json.includes("\r") ? JSON.stringify(JSON.parse(json)) : json;
}

/** A key's own identity is one object for all its requests. */
const identities = new WeakMap<DecisionRecord["identity"], string>();

function identityJson(identity: DecisionRecord["identity"]): string {
  let json = identities.get(identity);
  if (json === undefined) {
    json = JSON.stringify(identity);
    identities.set(identity, json);
  }
  return json;
}

/** @throws SyntaxError when the line is not JSON */
export function parseRecord(line: string): AuditRecord {
  return JSON.parse(line) as AuditRecord;
}

/** The lines of a text that holds a record on each; empty lines mean nothing. */
export function linesOf(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}
