import { describe, expect, test } from "vitest";
import { createLogger } from "./logger.ts";

function collect(level = "trace") {
  const lines: string[] = [];
  const logger = createLogger(level, { write: (line: string) => lines.push(line) });
  return { logger, lines, text: () => lines.join(""), last: () => JSON.parse(lines.at(-1) ?? "null") };
}

/** The shape of a real key: prefix and 32 bytes in base64url. */
const KEY = `vdt_${"Ab3-_".repeat(8)}xyz`;

describe("the log never shows a credential", () => {
  test.each([
    "authorization",
    "Authorization",
    "proxy-authorization",
    "cookie",
    "key",
    "api_key",
    "apiKey",
    "x-api-key",
    "secret",
    "clientSecret",
    "refresh_token",
    "password",
    "databaseUrl",
    "DATABASE_URL",
    "redisUrl",
  ])("in a field called %s, at any depth", (name) => {
    const { logger, text } = collect();
    logger.info({ [name]: "hunter2", request: { headers: [{ [name]: ["hunter2"] }] } }, "x");
    expect(text()).not.toContain("hunter2");
    expect(text()).toContain("[redacted]");
  });

  test.each([
    ["our own key", `the key ${KEY} is unknown`, KEY],
    ["a bearer header", "got Bearer eyJhbGciOi.J9.abc-_= instead", "eyJ"],
    ["the password of a URL", "connect to postgres://app:hunter2@db:5432/verdict failed", "hunter2"],
    ["a password with an @ in it", "redis://:hunt@er2@cache:6379", "er2@"],
  ])("%s in a message, in a field, in an error and in what caused it", (_, message, secret) => {
    const { logger, text, last } = collect();
    const error = Object.assign(new Error(message, { cause: new Error(message) }), { input: message });
    logger.info(message);
    logger.info({ detail: message });
    logger.error(error);
    logger.error({ err: error }, "x");
    expect(text()).not.toContain(secret);
    expect(last().err).toMatchObject({ type: "Error" });
  });
});

describe("a line", () => {
  test("is one JSON object with level by name, ISO time and message", () => {
    const { logger, last } = collect();
    logger.warn({ key_id: "018f", prefix: KEY.slice(0, 12) }, "a\nb");
    expect(last()).toEqual({
      level: "warn",
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      key_id: "018f",
      prefix: KEY.slice(0, 12),
      msg: "a\nb",
    });
  });

  test("below the level is not written, and silent writes none", () => {
    const info = collect("info");
    info.logger.debug("x");
    const silent = collect("silent");
    silent.logger.fatal("x");
    expect([info.lines, silent.lines]).toEqual([[], []]);
  });

  test("with a cycle or endless depth is cut, not a crash", () => {
    const { logger, last } = collect();
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    logger.info({ cycle });
    expect(JSON.stringify(last())).toContain("[too deep]");
  });
});
