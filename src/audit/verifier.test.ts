import { describe, expect, test } from "vitest";
import {
  createFakeLog,
  type FakeLog,
  fakeDecision,
  fakeKeys,
  fakeLog,
  fakeWriter,
  hashAgain,
} from "../../test/fake-audit-log.ts";
import type { ChainHead } from "./chain.ts";
import { GENESIS } from "./chain.ts";
import { hashOfLine } from "./line-hash.ts";
import type { AuditFilters, AuditRecord } from "./types.ts";
import { createVerifier, type VerifierOptions } from "./verifier.ts";
import type { ExpiredData } from "./verifier-expiry.ts";

const { signer, key } = fakeKeys();

function verify(lines: readonly string[], filters: AuditFilters = {}, options: Partial<VerifierOptions> = {}) {
  const verifier = createVerifier({ keys: [key], ...options });
  for (const line of lines) verifier.line(line);
  return verifier.end(filters);
}

/** Records 1 to 9 of one writer; the fifth and the ninth are checkpoints. */
function oneChain(): FakeLog {
  const log = createFakeLog(signer);
  for (let seq = 1; seq <= 9; seq += 1) seq === 5 || seq === 9 ? log.sign(1) : log.add(1);
  return log;
}

function replaceHash(line: string): string {
  return line.replace(/"hash":"\w+"\}$/, `"hash":"${hashOfLine(line)}"}`);
}

describe("a log as it was written", () => {
  test("is valid, and the report says how far signatures reach", () => {
    const log = fakeLog(signer, { records: 40, writers: 2, checkpointEvery: 7 });
    log.add(1);
    log.add(1);
    log.add(8);
    const report = verify(log.lines);
    expect(report).toMatchObject({ valid: true, records: 43, errors: 0, records_after_checkpoints: 2, unsigned: 1 });
    expect(report.first_error).toBeUndefined();
    expect(report.checkpoints).toBe(log.lines.filter((line) => line.includes('"kind":"checkpoint"')).length);
    expect(report.writers).toEqual([
      expect.objectContaining({ writer: fakeWriter(0), records: 20, checkpointed_seq: 20, uncovered: 0 }),
      expect.objectContaining({ writer: fakeWriter(1), records: 22, checkpointed_seq: 20, uncovered: 2 }),
      expect.objectContaining({ writer: fakeWriter(8), records: 1, checkpointed_seq: 0, uncovered: 1 }),
    ]);
    expect(report.writers[1]).toMatchObject({ first_seq: 1, last_seq: 22, last_hash: log.head(1).hash });
  });

  test("gives the same report as bytes and as text", () => {
    const { lines } = oneChain();
    const verifier = createVerifier({ keys: [key] });
    for (const line of lines) verifier.line(Buffer.from(line));
    expect(verifier.end({})).toEqual(verify(lines));
  });

  test("is not known to be valid without a key", () => {
    expect(() => createVerifier({ keys: [] })).toThrow(TypeError);
  });

  test("may be signed with several keys, one after the other", () => {
    const later = fakeKeys();
    const log = oneChain();
    log.sign(1, later.signer);
    expect(verify(log.lines, {}, { keys: [later.key, key] })).toMatchObject({ valid: true, checkpoints: 3 });
    expect(verify(log.lines).first_error).toMatchObject({ code: "unknown_key", line: 10 });
  });
});

describe("the first error names the record and what happened to it", () => {
  const swap = (lines: string[], a: number, b: number) => {
    [lines[a], lines[b]] = [lines[b]!, lines[a]!];
  };
  const cases: [string, string, number, (lines: string[]) => void][] = [
    ["altered", "hash_mismatch", 3, (lines) => lines.splice(2, 1, lines[2]!.replace("cus_2", "cus_7"))],
    [
      "altered, with a right hash",
      "broken_link",
      4,
      (lines) => lines.splice(2, 1, replaceHash(lines[2]!.replace("cus_2", "cus_7"))),
    ],
    [
      "altered, with everything behind it hashed again",
      "bad_signature",
      5,
      (lines) => {
        const altered = hashAgain(lines.with(2, lines[2]!.replace("cus_2", "cus_7")));
        lines.splice(0, lines.length, ...altered);
      },
    ],
    ["removed", "gap", 3, (lines) => lines.splice(2, 1)],
    [
      "removed, with everything behind it hashed again",
      "bad_signature",
      4,
      (lines) => {
        lines.splice(2, 1);
        lines.splice(0, lines.length, ...hashAgain(lines));
      },
    ],
    ["removed at the beginning", "missing_beginning", 1, (lines) => lines.splice(0, 2)],
    ["moved to the front", "missing_beginning", 1, (lines) => lines.unshift(...lines.splice(3, 1))],
    ["copied behind itself", "duplicate", 4, (lines) => lines.splice(3, 0, lines[2]!)],
    ["copied to the end", "duplicate", 10, (lines) => lines.push(lines[2]!)],
    [
      "written twice, differently",
      "fork",
      4,
      (lines) =>
        lines.splice(
          3,
          0,
          replaceHash(lines[2]!.replace(/0002"/g, '0002a"').replace(/"id":"(.{8})-(.{4})-(.{3})./, '"id":"$1-$2-$31')),
        ),
    ],
    ["not JSON", "not_a_record", 2, (lines) => lines.splice(1, 0, "hello")],
    ["an empty line", "not_a_record", 2, (lines) => lines.splice(1, 0, "")],
    ["a record without a link", "not_a_record", 2, (lines) => lines.splice(1, 0, JSON.stringify(fakeDecision(1)))],
    ["swapped with its neighbour", "gap", 3, (lines) => swap(lines, 2, 3)],
  ];
  test.each(cases)("%s: %s", (_, code, line, tamper) => {
    const lines = [...oneChain().lines];
    tamper(lines);
    const report = verify(lines);
    expect(report).toMatchObject({ valid: false, first_error: { code, line, detail: expect.stringMatching(/\w/) } });
  });

  test("with writer, sequence number and id", () => {
    const lines = oneChain().lines.filter((_, at) => at !== 2 && at !== 3);
    const { first_error, errors } = verify(lines);
    expect(first_error).toEqual({
      code: "gap",
      line: 3,
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      writer: fakeWriter(1),
      seq: 5,
      detail: "the writer's records 3 to 4 are missing before this one",
    });
    expect(errors).toBe(1);
  });

  test("records of two writers in each other's place: reordered, though each chain is whole", () => {
    const { lines } = fakeLog(signer, { records: 8, writers: 2, checkpointEvery: 4 });
    const swapped = lines.with(2, lines[3]!).with(3, lines[2]!);
    expect(verify(swapped)).toMatchObject({ errors: 1, first_error: { code: "reordered", line: 4 } });
  });

  test("a record that claims to have none before it and is not its chain's first", () => {
    const [, line] = oneChain().lines;
    const forged = replaceHash(line!.replace(/"prev_hash":"[0-9a-f]{64}"/, `"prev_hash":"${GENESIS}"`));
    expect(verify([forged]).first_error?.code).toBe("broken_link");
  });

  test("nothing, when the first record of a chain links to the chain that its directory had before", () => {
    const [line] = oneChain().lines;
    const linked = replaceHash(line!.replace(GENESIS, "1".repeat(64)));
    expect(verify([linked])).toMatchObject({ valid: true, writers: [{ first_prev_hash: "1".repeat(64) }] });
  });
});

describe("checkpoints", () => {
  test("of a foreign key are an error, and cover nothing", () => {
    const foreign = createFakeLog(fakeKeys().signer);
    foreign.add(1);
    foreign.sign(1);
    expect(verify(foreign.lines)).toMatchObject({
      valid: false,
      checkpoints: 0,
      unsigned: 2,
      first_error: { code: "unknown_key", line: 2, seq: 2 },
    });
  });

  test("of a foreign key that claim a known name are an error", () => {
    const foreign = createFakeLog({ ...fakeKeys().signer, keyId: signer.keyId });
    foreign.add(1);
    foreign.sign(1);
    expect(verify(foreign.lines).first_error?.code).toBe("bad_signature");
  });

  test("taken from another writer's chain are an error", () => {
    const log = oneChain();
    const stolen = log.lines.map((line) => line.replaceAll(fakeWriter(1), fakeWriter(2)));
    expect(verify(hashAgain(stolen)).first_error).toMatchObject({ code: "bad_signature", line: 5 });
  });

  test("that hold more than was signed are an error, also the last of a chain", () => {
    const { lines } = oneChain();
    const altered = replaceHash(lines[8]!.replace('"actor":"system"', '"actor":"nobody"'));
    expect(verify(lines.with(8, altered)).first_error).toMatchObject({ code: "bad_signature", line: 9 });
  });
});

describe("what nothing can tell is counted, not called an error", () => {
  test("records behind the last checkpoint, also when they were hashed again", () => {
    const log = oneChain();
    const end = [log.add(1), log.add(1)];
    const altered = hashAgain([...log.lines.slice(0, 9), end[0]!.replace("cus_9", "cus_1"), end[1]!]);
    expect(verify(altered)).toMatchObject({ valid: true, records_after_checkpoints: 2 });
  });

  test("a chain that was cut off behind a checkpoint", () => {
    expect(verify(oneChain().lines.slice(0, 5))).toMatchObject({ valid: true, records_after_checkpoints: 0 });
  });

  test("a whole writer without a signature", () => {
    const log = createFakeLog(signer);
    log.add(1);
    expect(verify(log.lines)).toMatchObject({ valid: true, unsigned: 1, checkpoints: 0 });
  });

  test("nothing at all", () => {
    expect(verify([])).toMatchObject({ valid: true, records: 0, writers: [] });
  });
});

describe("a known end of a chain tells a log that was rolled back", () => {
  const log = oneChain();
  const heads = [log.head(1)];

  test("cut off", () => {
    expect(verify(log.lines, {}, { heads }).valid).toBe(true);
    expect(verify(log.lines.slice(0, 5), {}, { heads })).toMatchObject({
      valid: false,
      first_error: { code: "missing_end", line: 6, writer: fakeWriter(1), seq: 9 },
    });
  });

  test("removed whole", () => {
    expect(verify([], {}, { heads }).first_error).toMatchObject({ code: "missing_end", line: 1 });
  });

  test("replaced by an unsigned one", () => {
    const forged = hashAgain(log.lines.filter((line) => !line.includes('"checkpoint"')));
    expect(verify(forged)).toMatchObject({ valid: true, unsigned: 7 });
    expect(verify(forged, {}, { heads }).valid).toBe(false);
    expect(verify(hashAgain(log.lines.with(8, log.lines[7]!)), {}, { heads }).valid).toBe(false);
  });

  test("and says nothing when only a part was read", () => {
    expect(verify(log.lines.slice(0, 5), { to: 1 }, { heads }).valid).toBe(true);
    expect(verify([], { from: 1 }, { heads }).valid).toBe(true);
  });
});

describe("a chain that does not begin with its first record", () => {
  const expired = (writers: readonly ChainHead[]) => (n: number) => {
    const data: ExpiredData = { partitions: ["p"], from: "2026-01-01T00:00:00Z", to: "2026-02-01T00:00:00Z", writers };
    return { ...fakeDecision(n), kind: "audit.expired", actor: "system", data: { ...data } } as unknown as AuditRecord;
  };
  function expiredLog(announce: (log: FakeLog, end: ChainHead) => void): readonly string[] {
    const log = createFakeLog(signer);
    log.add(1);
    log.add(1);
    const end = log.head(1);
    log.add(1);
    announce(log, end);
    return log.lines.slice(2);
  }

  test.each<[string, boolean, (log: FakeLog, end: ChainHead) => void]>([
    [
      "is valid when a signed event of the same writer says so",
      true,
      (log, end) => {
        log.add(1, expired([end]));
        log.sign(1);
      },
    ],
    [
      "is valid when a signed event of another writer says so",
      true,
      (log, end) => {
        log.add(2, expired([end]));
        log.sign(2);
      },
    ],
    ["is an error when nothing says so", false, (log) => log.sign(1)],
    [
      "is an error when the event is not signed",
      false,
      (log, end) => {
        log.sign(1);
        log.add(2, expired([end]));
      },
    ],
    [
      "is an error when the event is behind the checkpoint",
      false,
      (log, end) => {
        log.sign(1);
        log.add(1, expired([end]));
      },
    ],
    [
      "is an error when the event names another hash",
      false,
      (log, end) => {
        log.add(1, expired([{ ...end, hash: "a".repeat(64) }]));
        log.sign(1);
      },
    ],
    [
      "is an error when the event names another record",
      false,
      (log, end) => {
        log.add(1, expired([{ ...end, seq: 1 }]));
        log.sign(1);
      },
    ],
    [
      "is an error when the event names another writer",
      false,
      (log, end) => {
        log.add(1, expired([{ ...end, writer: fakeWriter(3) }]));
        log.sign(1);
      },
    ],
    [
      "is an error when the event has no list",
      false,
      (log) => {
        log.add(1, expired(null as never));
        log.sign(1);
      },
    ],
  ])("%s", (_, valid, announce) => {
    const lines = expiredLog(announce);
    const report = verify(lines);
    expect(report.valid).toBe(valid);
    if (!valid) expect(report.first_error).toMatchObject({ code: "missing_beginning", line: 1, seq: 3 });
  });

  test("what was let go can be asked for, and is only what signed events say", () => {
    const [early, late, forged] = [1, 2, 3].map((seq) => ({
      writer: fakeWriter(1),
      seq,
      hash: String(seq).repeat(64),
    }));
    const log = createFakeLog(signer);
    log.add(2, expired([late!]));
    log.add(2, expired([early!]));
    log.sign(2);
    log.add(2, expired([forged!]));
    log.add(3, expired([forged!]));
    const verifier = createVerifier({ keys: [key] });
    for (const line of log.lines) verifier.line(line);
    expect(verifier.expired()).toEqual([late]);
    expect(verifier.heads()).toEqual([log.head(2), log.head(3)]);
  });

  test("is valid when only records from an instant on were read", () => {
    const lines = expiredLog((log) => log.sign(1));
    expect(verify(lines, { from: 1 }).valid).toBe(true);
    expect(verify(lines, { to: 1 }).valid).toBe(false);
  });

  test("may be gone altogether, when a signed event says so", () => {
    const log = createFakeLog(signer);
    log.add(1);
    log.add(2, expired([log.head(1)]));
    log.sign(2);
    const options = { heads: [log.head(1)] };
    expect(verify(log.lines.slice(1), {}, options).valid).toBe(true);
    expect(verify(log.lines.slice(1, 2), {}, options).valid).toBe(false);
  });
});

describe("with filters that leave records out", () => {
  const { lines } = fakeLog(signer, { records: 30, writers: 2, checkpointEvery: 5 });
  const denied = lines.filter((line) => line.includes('"decision":"deny"'));

  test("gaps are no error, and what no checkpoint covers is counted", () => {
    expect(verify(denied, { decision: "deny" })).toMatchObject({
      valid: true,
      records: denied.length,
      unsigned: denied.length,
    });
    expect(verify(denied, {}).valid).toBe(false);
    expect(verify(denied, { decision: undefined } as unknown as AuditFilters).valid).toBe(false);
  });

  test("records that lead to a checkpoint are covered by it, and only those", () => {
    const { lines: chain } = oneChain();
    const report = verify([chain[0]!, chain[2]!, chain[3]!, chain[4]!], { identity: "x" });
    expect(report).toMatchObject({ valid: true, checkpoints: 1, records_after_checkpoints: 1 });
  });

  test.each<[string, string, (lines: string[]) => void]>([
    ["an altered record", "hash_mismatch", (some) => some.splice(1, 1, some[1]!.replace("cus_", "cus-"))],
    ["records out of order", "reordered", (some) => some.reverse()],
    ["a record twice", "duplicate", (some) => some.splice(1, 0, some[0]!)],
    [
      "neighbours that do not fit together",
      "broken_link",
      (some) => {
        const chain = [...oneChain().lines];
        some.splice(0, some.length, replaceHash(chain[1]!.replace("cus_1", "cus_2")), chain[2]!);
      },
    ],
  ])("%s is still an error", (_, code, tamper) => {
    const some = [...denied];
    tamper(some);
    expect(verify(some, { decision: "deny" }).first_error?.code).toBe(code);
  });
});
