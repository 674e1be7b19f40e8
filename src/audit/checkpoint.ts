import { instantText } from "../model/instant.ts";
import { type ChainHead, type ChainLink, linkOf } from "./chain.ts";
import type { Signer } from "./signing.ts";
import type { EventRecord } from "./types.ts";

/** What a checkpoint holds besides its own link. */
export interface CheckpointData {
  readonly key_id: string;
  /** Base64, over `checkpointText`. */
  readonly signature: string;
}

/**
 * The record, without its link, that signs a chain up to and with `head`: who alters a record before it would have to
 * forge the signature.
 * @param time epoch milliseconds
 */
export function createCheckpoint(signer: Signer, head: ChainHead, id: string, time: number): EventRecord {
  const at = { id, time: instantText(time), writer: head.writer, seq: head.seq + 1, prev_hash: head.hash };
  const data: CheckpointData = { key_id: signer.keyId, signature: signer.sign(checkpointText(at)) };
  return { version: 1, kind: "checkpoint", id, time: at.time, actor: "system", data: { ...data } };
}

/** Where a checkpoint stands. `seq` is its own. */
export interface CheckpointPlace extends Omit<ChainLink, "hash"> {
  readonly id: string;
  /** RFC 3339, as in the record. */
  readonly time: string;
}

/** What is signed: the checkpoint's place in the chain and, through `prev_hash`, all that is before it. */
export function checkpointText({ writer, seq, prev_hash, id, time }: CheckpointPlace): string {
  return `verdict-checkpoint:1\n${writer}\n${seq}\n${prev_hash}\n${id}\n${time}\n`;
}

const CHECKPOINT =
  /^\{"version":1,"kind":"checkpoint","id":"([0-9a-f-]{36})","time":"([0-9TZ:.+-]{20,30})","actor":"system","data":\{"key_id":"([0-9a-f]{32})","signature":"([A-Za-z0-9+/]{86}==)"\},"writer":"[^"]+","seq":\d+,"prev_hash":"[^"]+","hash":"[^"]+"\}$/;

/**
 * A checkpoint as it was recorded, or undefined when the line is not one.
 * SECURITY: nothing may stand in the line but what was signed, the key's name and the signature. The last checkpoint of
 * a chain has none behind it, so a member that the signature does not cover could be altered and the line hashed again.
 */
export function checkpointOf(line: string): (CheckpointPlace & CheckpointData) | undefined {
  const match = CHECKPOINT.exec(line);
  const link = match === null ? undefined : linkOf(line);
  if (match === null || link === undefined) return undefined;
  const { writer, seq, prev_hash } = link;
  return { writer, seq, prev_hash, id: match[1]!, time: match[2]!, key_id: match[3]!, signature: match[4]! };
}
