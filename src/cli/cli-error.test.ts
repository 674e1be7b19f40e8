import { describe, expect, test } from "vitest";
import { AppError, UnavailableError } from "../model/errors.ts";
import { describeFailure } from "./cli-error.ts";

const PASSWORD = "hunter2";
/** As the database's adapters wrap what a driver threw: the code, a colon, the driver's own words. */
const wrapped = (message: string) =>
  new UnavailableError(
    "storage",
    "the database is not open yet",
    new UnavailableError("storage", "the database did not answer", new Error(message)),
  );

describe("a database that this process cannot use", () => {
  test.each([
    ["ECONNREFUSED", "connect ECONNREFUSED 127.0.0.1:5432"],
    ["ENOTFOUND", "getaddrinfo ENOTFOUND db"],
    ["CONNECT_TIMEOUT", "write CONNECT_TIMEOUT db:5432"],
    ["28P01", 'password authentication failed for user "verdict"'],
    ["3D000", 'database "verdict" does not exist'],
  ])("%s is told, and nothing else of what the driver said", (code, message) => {
    const { text, exitCode } = describeFailure(wrapped(`${code}: ${message} postgres://u:${PASSWORD}@db/v`));
    expect(text).toBe(
      `error: the database is not open yet (${code}) [storage_unavailable]\n` +
        "Is the database running, and does this environment name the right one and its password?\n",
    );
    expect(exitCode).toBe(1);
  });

  test("an error without a code says where to look all the same", () => {
    const { text } = describeFailure(wrapped(`${PASSWORD}: what a strange thing to say`));
    expect(text).toContain("error: the database is not open yet [storage_unavailable]\nIs the database running");
    expect(text).not.toContain(PASSWORD);
  });

  test("a code on the error itself counts, and causes that go round in a circle end", () => {
    const cause = Object.assign(new Error("no"), { code: "ENOSPC" });
    expect(describeFailure(new UnavailableError("storage", "it failed", cause)).text).toContain("it failed (ENOSPC)");
    const circle = new Error("round");
    circle.cause = circle;
    expect(describeFailure(new UnavailableError("storage", "it failed", circle)).text).toContain("it failed [");
  });
});

test("a service that says that its database is down points to its log", () => {
  const { text } = describeFailure(new AppError("storage_unavailable", "The database did not answer."));
  expect(text).toContain("[storage_unavailable]\nTry again in a moment; the service's log says more.");
});

test("a service that does not serve the Host says which two environments have to agree", () => {
  expect(describeFailure(new AppError("host_forbidden", "No.")).text).toContain(
    "set VERDICT_ALLOWED_HOSTS here as it is set for the service",
  );
});
