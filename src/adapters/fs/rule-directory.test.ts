import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rename, rm, symlink, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createRuleDirectory } from "./rule-directory.ts";

let base: string;
let dir: string;

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), "rule-directory-"));
  dir = join(base, "rules");
  await mkdir(dir);
});

afterEach(() => rm(base, { recursive: true, force: true }));

const put = async (path: string, content: string | Uint8Array = "x") => {
  await mkdir(join(dir, path, ".."), { recursive: true });
  await writeFile(join(dir, path), content);
};

async function codes(limits = {}): Promise<string[]> {
  const result = await createRuleDirectory({ dir, limits }).read();
  return result.ok ? [] : result.diagnostics.map((diagnostic) => `${diagnostic.file} ${diagnostic.code}`);
}

describe("reading the rules directory", () => {
  it("takes yaml and yml at any depth, sorted, without fixtures, dot-files and other files", async () => {
    for (const path of ["b.yaml", "a.yml", "sub/c.yaml", "b.test.yaml", "b.test.yml", ".hidden.yaml", ".git/x.yaml"])
      await put(path, path);
    await put("README.md");
    const result = await createRuleDirectory({ dir }).read();
    expect(result).toEqual({
      ok: true,
      sources: ["a.yml", "b.yaml", "sub/c.yaml"].map((path) => ({ path, content: path })),
    });
  });

  it("takes the fixtures alone where those are asked for", async () => {
    for (const path of ["b.yaml", "b.test.yaml", "sub/c.test.yml", ".hidden.test.yaml", "test.yaml"])
      await put(path, path);
    const result = await createRuleDirectory({ dir, kind: "fixtures" }).read();
    expect(result.ok && result.sources.map(({ path }) => path)).toEqual(["b.test.yaml", "sub/c.test.yml"]);
  });

  it("an empty directory has no files and is no fault of its own", async () => {
    expect(await createRuleDirectory({ dir }).read()).toEqual({ ok: true, sources: [] });
  });

  it("a missing directory is a diagnostic that names it, not a rejection", async () => {
    await rm(dir, { recursive: true });
    const result = await createRuleDirectory({ dir }).read();
    expect(result.ok ? [] : result.diagnostics.map((d) => d.message)).toEqual([
      `the rules directory \`${dir}\` does not exist`,
    ]);
  });

  it("a file in place of the directory is a diagnostic", async () => {
    await rm(dir, { recursive: true });
    await writeFile(dir, "");
    expect(await codes()).toEqual([". rules-not-a-directory"]);
  });

  it("a symbolic link inside the directory is followed, one that leads out is refused", async () => {
    await put("real/a.yaml");
    await symlink("real/a.yaml", join(dir, "link.yaml"));
    expect(await codes()).toEqual([]);
    await writeFile(join(base, "outside.yaml"), "secret");
    await symlink("../outside.yaml", join(dir, "out.yaml"));
    await mkdir(join(base, "elsewhere"));
    await symlink("../elsewhere", join(dir, "out-dir"));
    expect(await codes()).toEqual(["out-dir symlink-outside", "out.yaml symlink-outside"]);
  });

  it("a sibling directory whose name begins alike is outside", async () => {
    await mkdir(join(base, "rules-old"));
    await writeFile(join(base, "rules-old", "a.yaml"), "x");
    await symlink("../rules-old/a.yaml", join(dir, "a.yaml"));
    expect(await codes()).toEqual(["a.yaml symlink-outside"]);
  });

  it("links in a circle end", async () => {
    await put("sub/a.yaml");
    await symlink("..", join(dir, "sub", "up"));
    expect(await codes()).toEqual([]);
  });

  it("a dangling link to a rule file is a fault: its rules would be missing in silence", async () => {
    await symlink("nowhere.yaml", join(dir, "a.yaml"));
    expect(await codes()).toEqual(["a.yaml file-unreadable"]);
  });

  it("a FIFO named like a rule file does not hang the service", async () => {
    execFileSync("mkfifo", [join(dir, "a.yaml")]);
    expect(await codes()).toEqual(["a.yaml file-unreadable"]);
  });

  it("bytes that are not UTF-8 are refused", async () => {
    await put("a.yaml", new Uint8Array([0x61, 0xff]));
    expect(await codes()).toEqual(["a.yaml file-not-utf8"]);
  });

  it("sizes, counts and depth are bounded", async () => {
    await put("a.yaml", "x".repeat(11));
    await put("sub/b.yaml", "x".repeat(10));
    expect(await codes({ fileBytesMax: 10 })).toEqual(["a.yaml file-too-large"]);
    expect(await codes({ totalBytesMax: 20 })).toEqual([". rules-too-large"]);
    expect(await codes({ filesMax: 1 })).toEqual([". too-many-rule-files"]);
    expect(await codes({ depthMax: 1 })).toEqual(["sub rules-too-deep"]);
  });
});

describe("watching the rules directory", () => {
  let stop: () => Promise<void>;
  const onChange = vi.fn();
  const onError = vi.fn();

  /** Starts the watch and waits for its first call, so that later calls are about later changes. */
  async function start(watched = dir): Promise<void> {
    stop = createRuleDirectory({ dir: watched, debounceMs: 20 }).watch(onChange, onError);
    await vi.waitFor(() => expect(onChange).toHaveBeenCalled(), { timeout: 10_000 });
    onChange.mockClear();
  }
  const heard = () => vi.waitFor(() => expect(onChange).toHaveBeenCalled(), { timeout: 10_000 });

  /** Repeats a change until it is heard: when the watch is up cannot be told from outside. */
  const heardWhile = (change: () => Promise<void>, listener = onChange) =>
    vi.waitFor(
      async () => {
        await change();
        expect(listener).toHaveBeenCalled();
      },
      { timeout: 10_000, interval: 200 },
    );

  beforeEach(() => {
    onChange.mockReset();
    onError.mockReset();
  });
  afterEach(async () => {
    await stop();
    expect(onError).not.toHaveBeenCalled();
  });

  it("hears of a changed, a new and a removed file", async () => {
    await put("a.yaml", "1");
    await start();
    await put("a.yaml", "22");
    await heard();
    onChange.mockClear();
    await put("sub/b.yaml");
    await heard();
    onChange.mockClear();
    await unlink(join(dir, "a.yaml"));
    await heard();
  });

  it("hears of every atomic replacement, not only the first", async () => {
    await put("a.yaml", "0");
    await start();
    for (const content of ["first", "second", "third"]) {
      await writeFile(join(base, "new"), content);
      await rename(join(base, "new"), join(dir, "a.yaml"));
      await heard();
      onChange.mockClear();
    }
  });

  it("hears of every swap of a ConfigMap's `..data` link and reads the new content", async () => {
    const swap = async (version: string) => {
      await put(`..${version}/a.yaml`, version);
      await symlink(`..${version}`, join(dir, "..data_tmp"));
      await rename(join(dir, "..data_tmp"), join(dir, "..data"));
    };
    await swap("v1");
    await symlink("..data/a.yaml", join(dir, "a.yaml"));
    await start();
    for (const version of ["v2", "v3"]) {
      await swap(version);
      await vi.waitFor(
        async () => {
          expect(onChange).toHaveBeenCalled();
          const result = await createRuleDirectory({ dir }).read();
          expect(result).toEqual({ ok: true, sources: [{ path: "a.yaml", content: version }] });
        },
        { timeout: 10_000 },
      );
      onChange.mockClear();
    }
  });

  it.each(["rules", "not/yet/there"])("hears of a directory that appears after the start: %s", async (path) => {
    await rm(dir, { recursive: true });
    dir = join(base, path);
    stop = createRuleDirectory({ dir, debounceMs: 20 }).watch(onChange, onError);
    await heardWhile(() => put("a.yaml", String(Math.random())));
  });

  it("hears of a directory that is removed and comes back", async () => {
    await put("a.yaml");
    await start();
    await rm(dir, { recursive: true });
    await heard();
    onChange.mockClear();
    await heardWhile(() => put("a.yaml", String(Math.random())));
    onChange.mockClear();
    await heardWhile(() => put("b.yaml", String(Math.random())));
  });

  it("does not hear of files beside the directory", async () => {
    await put("a.yaml");
    await start();
    const witness = vi.fn();
    const stopWitness = createRuleDirectory({ dir: base, debounceMs: 60 }).watch(witness, onError);
    await vi.waitFor(() => expect(witness).toHaveBeenCalled(), { timeout: 10_000 });
    witness.mockClear();
    onChange.mockClear();
    await heardWhile(() => writeFile(join(base, "beside.yaml"), String(Math.random())), witness);
    await stopWitness();
    expect(onChange).not.toHaveBeenCalled();
  });

  it("is silent after it was stopped", async () => {
    await put("a.yaml");
    await start();
    await stop();
    await stop();
    const witness = vi.fn();
    const stopWitness = createRuleDirectory({ dir, debounceMs: 40 }).watch(witness, onError);
    await heardWhile(() => put("a.yaml", String(Math.random())), witness);
    await stopWitness();
    expect(onChange).not.toHaveBeenCalled();
  });
});
