import { describe, expect, it } from "vitest";
import { readTar } from "./tar.ts";

function entry(path: string, type: string, content = ""): Buffer {
  const header = Buffer.alloc(512);
  header.write(path, 0, "latin1");
  header.write(`${content.length.toString(8).padStart(11, "0")}\0`, 124, "latin1");
  header.write(type, 156, "latin1");
  const body = Buffer.alloc(Math.ceil(content.length / 512) * 512);
  body.write(content);
  return Buffer.concat([header, body]);
}

const END = Buffer.alloc(1024);

describe("readTar", () => {
  it("gives files and folders with relative paths", () => {
    const archive = Buffer.concat([
      entry("/base/", "5"),
      entry("/base/1", "0", "x".repeat(600)),
      entry("empty", "0"),
      END,
    ]);
    expect([...readTar(archive)].map((each) => [each.path, each.isFolder, each.content.length])).toEqual([
      ["base", true, 0],
      ["base/1", false, 600],
      ["empty", false, 0],
    ]);
  });

  it.each([
    ["a path that leaves the folder", entry("base/../../etc/passwd", "0")],
    ["a symbolic link", entry("base", "2")],
    ["an entry without a path", entry("/", "5")],
  ])("refuses %s", (_, archive) => {
    expect(() => [...readTar(Buffer.concat([archive, END]))]).toThrow("not a plain file or folder");
  });

  it("refuses an archive that is cut short", () => {
    expect(() => [...readTar(entry("file", "0", "x".repeat(600)).subarray(0, 700))]).toThrow("cut short");
  });
});
