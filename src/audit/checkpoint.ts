import type { ChainHead } from "./chain.ts";
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
 */
export function createCheckpoint(signer: Signer, head: ChainHead, id: string, time: number): EventRecord {
  const text = checkpointText({ id, time, writer: head.writer, seq: head.seq + 1, prev_hash: head.hash });
  const data: CheckpointData = { key_id: signer.keyId, signature: signer.sign(text) };
  return { version: 1, kind: "checkpoint", id, time, actor: "system", data: { ...data } };
}

/** What is signed: the checkpoint's place in the chain and, through `prev_hash`, all that is before it. */
export function checkpointText(at: {
  readonly id: string;
  readonly time: number;
  readonly writer: string;
  /** Of the checkpoint itself. */
  readonly seq: number;
  readonly prev_hash: string;
}): string {
  return `verdict-checkpoint:1\n${at.writer}\n${at.seq}\n${at.prev_hash}\n${at.id}\n${at.time}\n`;
}
