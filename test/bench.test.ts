import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";

/** They are plain JavaScript, outside of what the compiler reads. */
const load = (name: string) => import(new URL(`../bench/${name}.mjs`, import.meta.url).href);

describe("percentiles", async () => {
  const { distributionOf, percentile, thirdsOf } = await load("percentiles");

  it("are values that were measured, by nearest rank", () => {
    const sorted = Array.from({ length: 100 }, (_, nth) => nth + 1);
    expect([0, 0.5, 0.99, 0.999, 1].map((share) => percentile(sorted, share))).toEqual([1, 50, 99, 100, 100]);
    expect(percentile([7], 0.5)).toBe(7);
  });

  it("of a distribution end at what the samples can tell", () => {
    const points = distributionOf(Array.from({ length: 1000 }, (_, nth) => nth));
    expect(points[0]).toEqual([2, 499]);
    expect(points.at(-1)[0]).toBeLessThanOrEqual(1000);
  });

  it("of thirds keep the order of time", () => {
    expect(thirdsOf([1, 1, 1, 5, 5, 5, 9, 9, 9])).toEqual([1, 5, 9]);
  });
});

describe("charts", async () => {
  const { barChart, lineChart, shortNumber } = await load("svg-chart");

  it("draw bars in proportion and escape names", () => {
    const drawn = barChart({
      title: "a < b",
      unit: "/s",
      bars: [
        { name: "x & y", value: 200 },
        { name: "z", value: 50 },
      ],
    });
    const [first, second] = [...drawn.matchAll(/width="([\d.]+)" height="20"/g)].map(([, width]) => Number(width));
    expect(first).toBeCloseTo((second ?? 0) * 4, 0);
    expect(drawn).toContain("a &lt; b");
    expect(drawn).toContain("x &amp; y");
  });

  it("draw lines within their frame, and leave out what a logarithm has no place for", () => {
    const lines = [
      {
        name: "p99",
        points: [
          [0, 1],
          [10, 0],
          [10, 1],
          [100_000, 1000],
        ],
      },
    ];
    const drawn = lineChart({ title: "t", x: "rules", y: "us", logX: true, logY: true, lines });
    expect(/points="([^"]+)"/.exec(drawn)?.[1]).toBe("70.0,254.0 700.0,44.0");
    expect(() => lineChart({ title: "t", x: "", y: "", logX: true, lines: [{ name: "", points: [[0, 1]] }] })).toThrow(
      RangeError,
    );
  });

  it("write three digits", () => {
    expect([0.1234, 1, 999.4, 999.6, 12_345, 999_600].map(shortNumber)).toEqual([
      "0.123",
      "1",
      "999",
      "1k",
      "12.3k",
      "1M",
    ]);
  });
});

describe("the open loop", async () => {
  const { askAtRate } = await load("open-loop");

  it("counts the wait behind a slow answer in every request that was due meanwhile", async () => {
    const waiting: (() => void)[] = [];
    const server = createServer((request, response) => {
      request.resume().once("end", () => {
        waiting.push(() => response.writeHead(200, { "content-length": 2 }).end("{}"));
        if (waiting.length === 20) for (const answer of waiting) answer();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const load = { url, headers: {}, bodies: ["{}"], rate: 1000, seconds: 0.02, uncountedSeconds: 0 };
    const { latencies, failed } = await askAtRate(load);
    server.close();
    expect(latencies).toHaveLength(20);
    expect(failed).toBe(0);
    // Nothing was answered before the last of them arrived: the first waited for all of the others.
    expect(latencies[19]).toBeGreaterThanOrEqual(19);
  });

  it("tells answers that are no success, also of those that do not count", async () => {
    const server = createServer((request, response) => {
      request.resume().once("end", () => response.writeHead(503, { "content-length": 2 }).end("{}"));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const dueAt: number[] = [];
    const onAnswer = (due: number) => dueAt.push(due);
    const load = { url, headers: {}, bodies: ["{}"], rate: 500, seconds: 0.02, uncountedSeconds: 0.04, onAnswer };
    const from = performance.now();
    const { latencies, failed, asked } = await askAtRate(load);
    server.close();
    expect([asked, failed, latencies.length, dueAt.length]).toEqual([30, 30, 10, 10]);
    expect(Math.min(...dueAt)).toBeGreaterThanOrEqual(from + 40);
  });
});

describe("the peers' rules", async () => {
  const { requestsOf, rulesOf } = await load("peers/rules");

  it("are the same in every run, and give each answer often", () => {
    expect(requestsOf(50, 100)).toEqual(requestsOf(50, 100));
    const rules: { effect: string }[] = rulesOf(100);
    expect(rules.filter(({ effect }) => effect === "allow")).toHaveLength(50);
  });
});
