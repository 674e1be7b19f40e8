import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createRuleSetOutbox } from "../../adapters/fs/rule-set-outbox.ts";
import { createMemoryRuleSetArchive } from "../../adapters/memory/rule-set-archive.ts";
import { createRuleArchiver } from "./archive-rules.ts";

const REVISION = `sha256:${"a".repeat(64)}`;
const SOURCES = [{ path: "a.yaml", content: "version: 1\n" }];

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "verdict-rule-sets-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

function open() {
  const archive = createMemoryRuleSetArchive();
  const state = { isAway: false, retry: () => {}, errors: [] as unknown[] };
  const archiver = createRuleArchiver({
    outbox: createRuleSetOutbox(join(directory, "rule-sets")),
    archive: {
      async put(...kept) {
        if (state.isAway) throw new Error("away");
        await archive.put(...kept);
      },
    },
    clock: { now: () => 1000 },
    after(_, run) {
      state.retry = run;
      return () => {};
    },
    retryMs: 5000,
    onError: (error) => state.errors.push(error),
  });
  return { archive, archiver, state };
}

const waiting = () => readdirSync(join(directory, "rule-sets"));

describe("the sources of an active rule set", () => {
  it("are in the archive, and wait nowhere any more", async () => {
    const { archive, archiver } = open();
    await archiver.keep(REVISION, SOURCES);
    await archiver.move();
    expect(await archive.get(REVISION)).toEqual(SOURCES);
    expect(waiting()).toEqual([]);
  });

  it("are on disk before the rules are activated, and reach an archive that was away", async () => {
    const { archive, archiver, state } = open();
    await archiver.move();
    state.isAway = true;
    await archiver.keep(REVISION, SOURCES);
    expect(waiting()).toEqual([`${"a".repeat(64)}.json`]);
    await vi.waitFor(() => expect(state.errors).toHaveLength(1));
    state.isAway = false;
    state.retry();
    await vi.waitFor(() => expect(waiting()).toEqual([]));
    expect(await archive.get(REVISION)).toEqual(SOURCES);
  });

  it("open no archive for a start that may fail yet", async () => {
    const { archive, archiver } = open();
    await archiver.keep(REVISION, SOURCES);
    await new Promise(setImmediate);
    expect(await archive.get(REVISION)).toBeUndefined();
    expect(waiting()).toHaveLength(1);
  });

  it("are moved by the next process when this one ended before", async () => {
    const first = open();
    first.state.isAway = true;
    await first.archiver.keep(REVISION, SOURCES);
    first.archiver.stop();
    const second = open();
    await second.archiver.move();
    expect(await second.archive.get(REVISION)).toEqual(SOURCES);
  });

  it("keep the rules from being activated when they cannot be kept", async () => {
    const { archiver } = open();
    writeFileSync(join(directory, "rule-sets"), "a file in the way");
    await expect(archiver.keep(REVISION, SOURCES)).rejects.toMatchObject({ code: "audit_unavailable" });
  });

  it("reach the archive although others that wait cannot be read, which is told and tried again", async () => {
    const { archive, archiver, state } = open();
    await archiver.keep(REVISION, SOURCES);
    const broken = `${"0".repeat(64)}.json`;
    writeFileSync(join(directory, "rule-sets", broken), '{"revision":"sha2');
    await archiver.move();
    expect(await archive.get(REVISION)).toEqual(SOURCES);
    expect(waiting()).toEqual([broken]);
    expect(state.errors.map(String)).toEqual([expect.stringContaining(broken)]);
    state.retry();
    await vi.waitFor(() => expect(state.errors).toHaveLength(2));
  });

  it("are nothing to move where nothing waits", async () => {
    const { archiver, state } = open();
    await archiver.move();
    expect(state.errors).toEqual([]);
  });
});
