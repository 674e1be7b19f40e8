import { beforeAll, describe, expect, it } from "vitest";
import type { Decision } from "../../src/model/decision.ts";
import { BASE_COMMANDS } from "./base-commands.ts";
import { BASE_STATEMENTS } from "./base-statements.ts";
import { deciderOf, PROFILES } from "./profiles.ts";
import { SHELL_DISGUISES } from "./shell-disguises.ts";
import { SQL_DISGUISES } from "./sql-disguises.ts";

const STRICTNESS = { allow: 0, approval_required: 1, deny: 2 } as const;

interface Case {
  readonly base: string;
  readonly name: string;
  readonly text: string;
}

/** Every base in every disguise that there is for it and that changes it. */
function casesOf<T>(
  bases: readonly T[],
  textOf: (base: T) => string,
  disguises: readonly { readonly name: string; readonly apply: (base: T) => string | undefined }[],
): Case[] {
  return bases.flatMap((base) =>
    disguises.flatMap(({ name, apply }) => {
      const text = apply(base);
      return text === undefined || text === textOf(base) ? [] : [{ base: textOf(base), name, text }];
    }),
  );
}

const commandText = ({ words, behind }: (typeof BASE_COMMANDS)[number]) => [...words, behind ?? []].flat().join(" ");
const shellCases = Object.entries(SHELL_DISGUISES).map(
  ([kind, disguises]) => [kind, casesOf(BASE_COMMANDS, commandText, disguises)] as const,
);
const sqlCases = Object.entries(SQL_DISGUISES).map(
  ([kind, disguises]) => [kind, casesOf(BASE_STATEMENTS, ({ text }) => text, disguises)] as const,
);
const count = [...shellCases, ...sqlCases].reduce((sum, [, cases]) => sum + cases.length, 0);

const commandRequest = (command: string) => ({
  action_type: "command_exec",
  action_name: "bash",
  arguments: { command },
});
const queryRequest = (query: string) => ({ action_type: "sql_query", action_name: "shop-db", arguments: { query } });

describe.each(Object.keys(PROFILES) as (keyof typeof PROFILES)[])("%s: nothing is freer in a disguise", (profile) => {
  let decide: (request: object) => Decision;
  beforeAll(async () => {
    decide = await deciderOf(profile);
  });

  function freed(cases: readonly Case[], requestOf: (text: string) => object): string[] {
    return cases.flatMap(({ base, name, text }) => {
      const before = decide(requestOf(base)).decision;
      const after = decide(requestOf(text));
      if (STRICTNESS[after.decision] >= STRICTNESS[before]) return [];
      return [`${before} -> ${after.decision} (${after.rules.join(" ")}) ${name}: ${JSON.stringify(text)}`];
    });
  }

  it.each(shellCases)("commands: %s", (_kind, cases) => {
    expect(freed(cases, commandRequest)).toEqual([]);
  });

  it.each(sqlCases)("statements: %s", (_kind, cases) => {
    expect(freed(cases, queryRequest)).toEqual([]);
  });

  it("no base is free", () => {
    const texts = [
      ...BASE_COMMANDS.map(commandText).map(commandRequest),
      ...BASE_STATEMENTS.map(({ text }) => queryRequest(text)),
    ];
    expect(texts.filter((request) => decide(request).decision === "allow")).toEqual([]);
  });
});

it(`${count} disguises of ${BASE_COMMANDS.length} commands and ${BASE_STATEMENTS.length} statements`, () => {
  expect(BASE_COMMANDS.length).toBeGreaterThanOrEqual(20);
  expect(BASE_STATEMENTS.length).toBeGreaterThanOrEqual(15);
  expect(count).toBeGreaterThanOrEqual(300);
});
