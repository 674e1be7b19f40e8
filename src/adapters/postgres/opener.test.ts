import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createOpener, databaseBackoffMs } from "./opener.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function setUp(open: () => Promise<string>) {
  const dispose = vi.fn(async () => {});
  const onError = vi.fn();
  const opener = createOpener({ open, dispose, onError, backoffMs: (attempt) => attempt * 100, waitMs: 50 });
  return { opener, dispose, onError };
}

const UNAVAILABLE = { code: "storage_unavailable" };

describe("createOpener", () => {
  it("opens nothing until it is started or asked", async () => {
    const open = vi.fn(async () => "db");
    const { opener } = setUp(open);
    expect(open).not.toHaveBeenCalled();
    expect(opener.state).toEqual({ status: "opening" });
    expect(await opener.get()).toBe("db");
    expect(opener.state).toEqual({ status: "open" });
    opener.start();
    expect(open).toHaveBeenCalledOnce();
  });

  it("tries again after the pause, forgets the error once it succeeds, and does not let callers wait for the pause", async () => {
    const open = vi.fn().mockRejectedValueOnce(new Error("one")).mockRejectedValueOnce(new Error("two"));
    const { opener, onError } = setUp(open.mockResolvedValue("db"));
    await expect(opener.get()).rejects.toMatchObject({ ...UNAVAILABLE, cause: new Error("one") });
    await expect(opener.get()).rejects.toMatchObject(UNAVAILABLE);
    expect(open).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(100);
    expect(opener.state).toEqual({ status: "opening", lastError: new Error("two") });
    await vi.advanceTimersByTimeAsync(200);
    expect(opener.state).toEqual({ status: "open" });
    expect(await opener.get()).toBe("db");
    expect(onError).toHaveBeenCalledTimes(2);
  });

  it("lets callers wait for an attempt under way, but not for ever", async () => {
    const { opener } = setUp(() => new Promise(() => {}));
    const refused = expect(opener.get()).rejects.toMatchObject(UNAVAILABLE);
    await vi.advanceTimersByTimeAsync(50);
    await refused;
  });

  it("stops trying when it is closed", async () => {
    const open = vi.fn().mockRejectedValue(new Error("away"));
    const { opener } = setUp(open);
    await expect(opener.get()).rejects.toMatchObject(UNAVAILABLE);
    await opener.close();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(open).toHaveBeenCalledOnce();
    await expect(opener.get()).rejects.toMatchObject(UNAVAILABLE);
    expect(opener.state.status).toBe("closed");
  });

  it("disposes of what was opened, also when that ends only after close", async () => {
    const waiting: ((value: string) => void)[] = [];
    const { opener, dispose } = setUp(() => new Promise((resolve) => void waiting.push(resolve)));
    opener.start();
    await opener.close();
    expect(dispose).not.toHaveBeenCalled();
    waiting[0]!("db");
    await vi.advanceTimersByTimeAsync(0);
    expect(dispose).toHaveBeenCalledExactlyOnceWith("db");
    await opener.close();
    expect(dispose).toHaveBeenCalledOnce();
  });

  it("opens again what broke, once, whoever notices", async () => {
    const { opener, dispose } = setUp(vi.fn().mockResolvedValueOnce("db 1").mockResolvedValueOnce("db 2"));
    const first = await opener.get();
    opener.reopen(first);
    opener.reopen(first);
    expect(await opener.get()).toBe("db 2");
    opener.reopen(first);
    expect(await opener.get()).toBe("db 2");
    expect(dispose).toHaveBeenCalledExactlyOnceWith("db 1");
  });
});

describe("databaseBackoffMs", () => {
  it("grows, stays under 10 s, and never becomes too short to matter", () => {
    for (let attempt = 1; attempt < 100; attempt += 1) {
      const ms = databaseBackoffMs(attempt);
      expect(ms).toBeGreaterThanOrEqual(125);
      expect(ms).toBeLessThanOrEqual(10_000);
    }
    expect(databaseBackoffMs(20)).toBeGreaterThanOrEqual(5000);
  });
});
