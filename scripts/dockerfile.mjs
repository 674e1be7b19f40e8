/**
 * Reads the subset of the Dockerfile format that ours uses.
 * @returns stages in file order: `{name, from, steps: [{keyword, flags, args}]}`; `args` is a string, or an array for the
 * JSON form
 * @throws Error on an instruction that it does not know, so that the check cannot pass by ignoring one
 */
export function parseDockerfile(text) {
  const stages = [];
  for (const line of logicalLines(text)) {
    const [, keyword, rest] = /^([A-Z]+)\s+(.*)$/s.exec(line) ?? fail(line);
    if (keyword === "FROM") {
      const [, from, name] = /^(\S+)\s+AS\s+(\S+)$/i.exec(rest) ?? fail(line);
      stages.push({ name, from, steps: [] });
      continue;
    }
    if (!KEYWORDS.has(keyword) || stages.length === 0) fail(line);
    stages.at(-1).steps.push({ keyword, ...splitFlags(rest) });
  }
  return stages;
}

const KEYWORDS = new Set([
  "CMD",
  "COPY",
  "ENV",
  "EXPOSE",
  "HEALTHCHECK",
  "RUN",
  "STOPSIGNAL",
  "USER",
  "VOLUME",
  "WORKDIR",
]);

function logicalLines(text) {
  return text
    .split("\n")
    .filter((line) => !/^\s*(?:#|$)/.test(line))
    .join("\n")
    .replace(/\\\n\s*/g, " ")
    .split("\n")
    .map((line) => line.trim());
}

function splitFlags(rest) {
  const flags = {};
  let args = rest;
  for (let match = /^--([a-z-]+)=(\S+)\s+/.exec(args); match !== null; match = /^--([a-z-]+)=(\S+)\s+/.exec(args)) {
    flags[match[1]] = match[2];
    args = args.slice(match[0].length);
  }
  return { flags, args: args.startsWith("[") ? JSON.parse(args) : args };
}

/** Whether a path of the build context is left out; the last line that matches it or a parent of it decides. */
export function createIgnore(text) {
  const lines = text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
  const patterns = lines.map((line) => ({
    isKept: line.startsWith("!"),
    expression: toExpression(line.replace(/^!/, "")),
  }));
  return (path) => {
    const decisive = patterns.findLast(({ expression }) => expression.test(path));
    return decisive !== undefined && !decisive.isKept;
  };
}

function toExpression(pattern) {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replace(/\*\*\/|\*/g, (glob) => (glob === "*" ? "[^/]*" : "(?:.*/)?"));
  return new RegExp(`^${source}(?:/.*)?$`);
}

function fail(line) {
  throw new Error(`the Dockerfile has an instruction that this check does not know: ${line}`);
}
