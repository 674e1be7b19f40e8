import { createHash, createPublicKey, verify } from "node:crypto";

/** Verification as it is documented, in the plainest words: everything is parsed, kept in memory and compared. */
export function referenceVerify(lines: readonly string[], publicKeys: readonly string[]): boolean {
  const read = lines.map(readRecord);
  const records = read.filter((record) => record !== undefined);
  if (records.length < read.length) return false;
  if (!records.every((record, at) => at === 0 || records[at - 1]!.id < record.id)) return false;
  const chainOf = (writer: string) => records.filter((record) => record.writer === writer);
  const isSigned = ({ writer, seq }: Line) =>
    chainOf(writer).some((other) => other.kind === "checkpoint" && other.seq > seq);
  const ends = records
    .filter((record) => record.kind === "audit.expired" && isSigned(record))
    .flatMap(({ data }) => data.writers);
  return records.every((record) => {
    const { writer, seq, prev_hash } = record;
    const chain = chainOf(writer);
    const before = chain[chain.indexOf(record) - 1];
    const allowed = before === undefined ? [{ writer, seq: 0, hash: "0".repeat(64) }, ...ends] : [before];
    const follows = allowed.some((one) => one.writer === writer && one.seq === seq - 1 && one.hash === prev_hash);
    return follows && (record.kind !== "checkpoint" || isCheckpoint(record, publicKeys));
  });
}

interface Line {
  readonly id: string;
  readonly kind: string;
  readonly time: string;
  readonly writer: string;
  readonly seq: number;
  readonly prev_hash: string;
  readonly hash: string;
  readonly data: {
    readonly writers: readonly Pick<Line, "writer" | "seq" | "hash">[];
    readonly key_id: string;
    readonly signature: string;
  };
}

function readRecord(line: string): Line | undefined {
  const cut = line.lastIndexOf(',"hash":"');
  if (cut === -1) return undefined;
  const hash = createHash("sha256").update(line.slice(0, cut)).digest("hex");
  return line.slice(cut) === `,"hash":"${hash}"}` ? (JSON.parse(line) as Line) : undefined;
}

function isCheckpoint({ writer, seq, prev_hash, id, time, data }: Line, publicKeys: readonly string[]): boolean {
  const signed = Buffer.from(`verdict-checkpoint:1\n${writer}\n${seq}\n${prev_hash}\n${id}\n${time}\n`);
  return publicKeys.some((text) => {
    const der = Buffer.from(text, "base64");
    const keyId = createHash("sha256").update(der).digest("hex").slice(0, 32);
    const key = createPublicKey({ key: der, format: "der", type: "spki" });
    return keyId === data.key_id && verify(null, signed, key, Buffer.from(data.signature, "base64"));
  });
}
