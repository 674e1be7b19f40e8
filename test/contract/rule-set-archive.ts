import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { RuleSetArchive, RuleSource } from "../../src/rules/types.ts";

export interface OpenedRuleSetArchive {
  readonly archive: RuleSetArchive;
  /** Closes it; its methods fail from then on. May be called twice. */
  close(): Promise<void>;
  /** Called instead of `close` after a test that did not close it, where opening again is slow. */
  release?(): Promise<void>;
}

const REVISION = `sha256:${"a".repeat(64)}`;
const SOURCES: readonly RuleSource[] = [
  { path: "payments.yaml", content: "version: 1\r\n\tpolicy: x\n" },
  { path: "größe/💸.yaml", content: '"\u0000\ud800 \\u0000"' },
  { path: "large.yaml", content: "# padding\n".repeat(200_000) },
  { path: "empty.yaml", content: "" },
];

/** What every `RuleSetArchive` promises. `create` gives an empty one each time. */
export function describeRuleSetArchive(name: string, create: () => Promise<OpenedRuleSetArchive>): void {
  describe(`RuleSetArchive contract: ${name}`, () => {
    let opened: OpenedRuleSetArchive;
    let archive: RuleSetArchive;
    beforeEach(async () => {
      opened = await create();
      archive = opened.archive;
    });
    afterEach(() => opened.release?.() ?? opened.close());

    it("gives back the sources as they were, in their order", async () => {
      await archive.put(REVISION, SOURCES, 0);
      expect(await archive.get(REVISION)).toEqual(SOURCES);
    });

    it("gives undefined for an unknown revision, also one that differs only in case", async () => {
      await archive.put(REVISION, SOURCES, 0);
      for (const unknown of ["", REVISION.toUpperCase(), `${REVISION}\u0000`]) {
        expect(await archive.get(unknown)).toBeUndefined();
      }
    });

    it("keeps what was put first, also of several at once", async () => {
      await archive.put(REVISION, SOURCES, 1);
      await Promise.all([2, 3].map((at) => archive.put(REVISION, [{ path: "other.yaml", content: "" }], at)));
      expect(await archive.get(REVISION)).toEqual(SOURCES);
    });

    it("answers storage_unavailable once closed, from every method", async () => {
      await opened.close();
      await expect(archive.put(REVISION, SOURCES, 0)).rejects.toMatchObject({ code: "storage_unavailable" });
      await expect(archive.get(REVISION)).rejects.toMatchObject({ code: "storage_unavailable" });
    });
  });
}
