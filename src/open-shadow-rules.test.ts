import { expect, it, vi } from "vitest";
import { createTestService } from "../test/test-service.ts";
import { openShadowRules } from "./open-shadow-rules.ts";
import type { ReadResult } from "./rules/index.ts";

const rulesOf = (amount: number): ReadResult => {
  const rule = `{ id: a, decision: allow, reason: A., when: arguments.amount < ${amount} }`;
  return { ok: true, sources: [{ path: "p.yaml", content: `version: 1\npolicy: p\nrules:\n  - ${rule}\n` }] };
};

interface Reading {
  resolve(read: ReadResult): void;
  reject(error: Error): void;
}

/** Files whose reads end when the test says so, and a log. */
async function openShadow() {
  const reads: Reading[] = [];
  const logged: string[] = [];
  let change = () => {};
  const logger = {
    info: (fields: { shadow_revision: string }) => void logged.push(fields.shadow_revision),
    error: (_: unknown, message: string) => void logged.push(message),
  };
  const { service } = await createTestService();
  const deps = { ...service, logger: logger as never, metrics: { recordShadow: () => {} }, nextTurn: settled };
  const { start } = openShadowRules("/nowhere", deps, {
    read() {
      return new Promise((resolve, reject) => reads.push({ resolve, reject }));
    },
    watch(onChange) {
      change = onChange;
      return async () => {};
    },
  });
  const started = start();
  await settled();
  return { reads, logged, change: () => change(), started };
}

const settled = () => new Promise((resolve) => setTimeout(resolve));

it("a slow read of the shadow rules never replaces what a later one found", async () => {
  const { reads, logged, change, started } = await openShadow();
  reads[0]!.resolve(rulesOf(1));
  await started;
  change();
  change();
  await settled();
  // The second read begins when the first is done with.
  expect(reads).toHaveLength(2);
  reads[1]!.resolve(rulesOf(2));
  await vi.waitFor(() => expect(reads).toHaveLength(3));
  reads[2]!.resolve(rulesOf(3));
  await vi.waitFor(() => expect(logged).toHaveLength(3));
  expect(new Set(logged).size).toBe(3);
});

it("shadow rules that cannot be loaded end neither the process nor the watch", async () => {
  const { reads, logged, change, started } = await openShadow();
  reads[0]!.reject(new Error("EIO"));
  await started;
  expect(logged).toEqual(["the shadow rules could not be loaded; nothing is compared"]);
  change();
  await settled();
  reads[1]!.resolve(rulesOf(1));
  await vi.waitFor(() => expect(logged.at(-1)).toMatch(/^sha256:/));
});
