import { idOfLine, isTrailer } from "../../audit/index.ts";
import { linesIn } from "./lines.ts";

/** Whether what an export says is what the service has. */
export interface Comparison {
  /** Records of the export that are in the service's log, byte for byte. */
  readonly same: number;
  /** Records that the service has another way. */
  readonly different: number;
  /** Records that it does not have. */
  readonly missing: number;
  readonly first_difference?: Difference;
}

export interface Difference {
  readonly code: "different" | "missing";
  /** Of the export, from 1. */
  readonly line: number;
  readonly id: string;
}

/**
 * Holds each record of an export against the service's log. Both are in ascending order of ids; the service may have more.
 * Memory does not grow with them.
 */
export async function compareWithService(
  file: AsyncIterable<Uint8Array>,
  service: AsyncIterable<Uint8Array>,
): Promise<Comparison> {
  const theirs = recordsIn(service);
  const count = { same: 0, different: 0, missing: 0 };
  let first: Difference | undefined;
  let line = 0;
  let candidate = await theirs.next();
  for await (const own of recordsIn(file)) {
    line += 1;
    while (candidate.done !== true && candidate.value.id < own.id) candidate = await theirs.next();
    const found = candidate.done !== true && candidate.value.id === own.id ? candidate.value : undefined;
    const outcome =
      found === undefined ? "missing" : Buffer.compare(found.bytes, own.bytes) === 0 ? "same" : "different";
    count[outcome] += 1;
    if (outcome !== "same") first ??= { code: outcome, line, id: own.id };
  }
  await theirs.return();
  return { ...count, ...(first === undefined ? undefined : { first_difference: first }) };
}

interface Line {
  readonly id: string;
  readonly bytes: Uint8Array;
}

/** The head of a record, with its id, is shorter. */
const HEAD_BYTES = 200;

async function* recordsIn(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Line, void> {
  for await (const bytes of linesIn(chunks)) {
    if (isTrailer(bytes)) continue;
    const head = Buffer.from(bytes.subarray(0, HEAD_BYTES)).toString("latin1");
    // A line without an id sorts before all, so it is missing on the other side.
    yield { id: idOfLine(head) ?? "", bytes };
  }
}
