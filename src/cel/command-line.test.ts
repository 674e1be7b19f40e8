import { describe, expect, it } from "vitest";
import { commandLineOf } from "./command-line.ts";

describe("what an action would run", () => {
  it.each([
    ["a command", { command: "ls -la" }, "", "ls -la"],
    ["a command by another name", { script: "make deploy" }, "", "make deploy"],
    ["no command", { path: "src" }, "", ""],
    ["a command that is no text", { command: { run: "ls" } }, "", ""],
    ["the destination's alone", { path: "src" }, "rm -rf /", "rm -rf /"],
    ["both, where they differ", { command: "ls" }, "rm -rf /", "ls\nrm -rf /"],
    ["one, where they do not", { command: "ls" }, "ls", "ls"],
    ["several, one below the other", { command: "ls", script: "rm -rf /" }, "", "ls\nrm -rf /"],
    ["a list of words", { command: ["rm", "-rf", "/"] }, "", "rm -rf /"],
    ["words behind a command", { command: "rm", args: ["-rf", "/"] }, "", "rm -rf /"],
    ["words alone", { argv: ["rm", "-rf", "/"] }, "", "rm -rf /"],
    ["words that a shell would split, both ways", { argv: ["sh", "-c", "a; b"] }, "", "sh -c 'a; b'\nsh -c a; b"],
    ["a quote in a word", { argv: ["echo", "it's"] }, "", "echo 'it'\\''s'\necho it's"],
  ])("%s", (_name, args, destination, expected) => {
    expect(commandLineOf(args, destination)).toBe(expected);
  });

  it("is nothing of what is no map", () => {
    expect(commandLineOf(["ls"], "")).toBeUndefined();
  });
});
