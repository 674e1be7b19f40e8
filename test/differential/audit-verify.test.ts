import fc from "fast-check";
import { expect, test } from "vitest";
import { type AuditRecord, createVerifier, linkOf } from "../../src/audit/index.ts";
import { createFakeLog, fakeDecision, fakeKeys, hashAgain } from "../fake-audit-log.ts";
import { referenceVerify } from "./reference-verify.ts";

const { signer, key } = fakeKeys();
const foreign = fakeKeys();

function isValid(lines: readonly string[]): boolean {
  const verifier = createVerifier({ keys: [key] });
  for (const line of lines) verifier.line(line);
  return verifier.end({}).valid;
}

/** Which writer does what next. */
const anyStep = fc.record({
  writer: fc.nat({ max: 1 }),
  act: fc.constantFrom("decide", "decide", "sign", "sign", "expire"),
  victim: fc.nat({ max: 1 }),
});

/** What is done to the log afterwards; positions are taken modulo its length. */
const anyTampering = fc.record({
  how: fc.constantFrom(
    "alter",
    "remove",
    "swap",
    "copy",
    "foreign",
    "cut",
    "begin",
    "writer",
    "expire",
    "expire",
    "expire",
  ),
  at: fc.nat(),
  to: fc.nat(),
  // Mostly not: it undoes what else was done.
  isHashedAgain: fc.integer({ min: 0, max: 3 }).map((n) => n === 0),
});
type Tampering = typeof anyTampering extends fc.Arbitrary<infer T> ? T : never;

function logOf(steps: readonly { readonly writer: number; readonly act: string; readonly victim: number }[]): string[] {
  const log = createFakeLog(signer);
  for (const { writer, act, victim } of steps) {
    if (act === "sign") log.sign(writer);
    else if (act === "decide") log.add(writer);
    else {
      const data = { partition: "p", from: "", to: "", writers: [log.head(victim)] };
      const event = (n: number) => ({ ...fakeDecision(n), kind: "audit.expired", data }) as unknown as AuditRecord;
      log.add(writer, event);
    }
  }
  return [...log.lines];
}

function tamper(lines: readonly string[], { how, at, to, isHashedAgain }: Tampering): readonly string[] {
  if (lines.length === 0) return lines;
  const [a, b] = [at % lines.length, to % lines.length];
  const altered = {
    alter: () => lines.with(a, lines[a]!.replace('"time":"20', '"time":"21')),
    remove: () => lines.toSpliced(a, 1),
    swap: () => lines.with(a, lines[b]!).with(b, lines[a]!),
    copy: () => lines.toSpliced(b, 0, lines[a]!),
    foreign: () => lines.with(a, lines[a]!.replace(signer.keyId, foreign.signer.keyId)),
    cut: () => lines.slice(0, a),
    begin: () => lines.slice(a),
    writer: () => lines.filter((line) => !line.includes(/"writer":"[^"]+","seq"/.exec(lines[a]!)![0])),
    expire: () => letGo(lines, a),
  }[how]();
  return isHashedAgain ? hashAgain(altered) : altered;
}

/** What retention removes after the `at`th event that announces it. */
function letGo(lines: readonly string[], at: number): readonly string[] {
  const events = lines.filter((line) => line.includes('"audit.expired"'));
  const event = events[at % events.length];
  if (event === undefined) return lines;
  const [end] = JSON.parse(event).data.writers;
  return lines.filter((line) => linkOf(line)!.writer !== end.writer || linkOf(line)!.seq > end.seq);
}

test("verification equals the reference implementation, whatever was done to a log", () => {
  const seen = { valid: 0, invalid: 0, explained: 0, unexplained: 0 };
  const steps = fc.array(anyStep, { minLength: 4, maxLength: 25, size: "max" });
  fc.assert(
    fc.property(steps, fc.array(anyTampering, { maxLength: 2 }), (steps, tamperings) => {
      const lines = tamperings.reduce(tamper, logOf(steps) as readonly string[]);
      const expected = referenceVerify(lines, [signer.publicKey]);
      expect(isValid(lines)).toBe(expected);
      seen[expected ? "valid" : "invalid"] += 1;
      const isLate = (line: string, at: number) => {
        const { writer, seq } = linkOf(line)!;
        return seq > 1 && lines.findIndex((other) => linkOf(other)!.writer === writer) === at;
      };
      if (lines.some(isLate)) seen[expected ? "explained" : "unexplained"] += 1;
    }),
    { numRuns: 1500 },
  );
  // Each kind of log comes up often enough for the comparison to mean something.
  expect(Math.min(...Object.values(seen))).toBeGreaterThan(10);
});
