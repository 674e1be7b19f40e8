import { decisionJson } from "../model/decision-json.ts";
import type { AuditRecord, DecisionRecord } from "./types.ts";

/**
 * A record as the one line of JSON that spool and store keep: no line break in it, well-formed text (a lone surrogate is
 * escaped), keys in the record's own order. Equal to `JSON.stringify(record)`; every decision passes through here, and
 * what many of them share is put into words once.
 */
export function serializeRecord(record: AuditRecord): string {
  return record.kind === "decision" ? serializeDecision(record) : JSON.stringify(record);
}

function serializeDecision(record: DecisionRecord): string {
  const { action_type, action_name, destination, session, context, request, now } = record.activation;
  const client = record.client_request_id;
  const id = text(record.id);
  return (
    `{"version":1,"kind":"decision","id":${id},"time":${record.time},` +
    `"activation":{"action_type":${text(action_type)},"action_name":${text(action_name)},` +
    `"arguments":${JSON.stringify(record.activation.arguments)},"destination":${JSON.stringify(destination)},` +
    `"identity":${identityJson(record.activation.identity)},"session":${JSON.stringify(session)},` +
    `"context":${JSON.stringify(context)},"request":{"id":${request.id === record.id ? id : text(request.id)},"time":${request.time}},"now":${now}},` +
    `"decision":${decisionJson(record.decision)},"key_id":${text(record.key_id)},` +
    `${client === undefined ? "" : `"client_request_id":${text(client)},`}"latency_us":${record.latency_us}}`
  );
}

const text = (value: string) => JSON.stringify(value);

/** A key's own identity is one object for all its requests. */
const identities = new WeakMap<DecisionRecord["activation"]["identity"], string>();

function identityJson(identity: DecisionRecord["activation"]["identity"]): string {
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
