// `node scripts/set-version.mjs X.Y.Z` writes the version wherever it stands, and `--check` fails where it is not the one of
// package.json. A folder as the second argument takes the place of the checkout.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./checkout-hashes.mjs";

// What PEP 440 reads as Semantic Versioning means it.
const VERSION = /^(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)(?:-(?:alpha|beta|rc)\.(?:0|[1-9]\d*))?$/;

/** The version is what the group matches; of a pattern, as often as `times` says. */
const PLACES = [
  { path: "package.json", pattern: /^ {2}"version": "([^"]*)"/gm },
  { path: "package-lock.json", pattern: /^(?: {2}| {6})"version": "([^"]*)"/gm, times: 2 },
  { path: "src/model/version.ts", pattern: /^export const VERSION = "([^"]*)"/gm },
  { path: "openapi/openapi.json", pattern: /^ {4}"version": "([^"]*)"/gm },
  { path: "sdks/typescript/package.json", pattern: /^ {2}"version": "([^"]*)"/gm },
  { path: "sdks/typescript/package-lock.json", pattern: /^(?: {2}| {6})"version": "([^"]*)"/gm, times: 2 },
  { path: "sdks/python/src/verdict_sdk/_version.py", pattern: /^__version__ = "([^"]*)"/gm },
  { path: "sdks/go/version.go", pattern: /^const Version = "([^"]*)"/gm },
  { path: "sdks/go/README.md", pattern: /^go mod edit -require \S+@v(\S+)/gm },
];

/** The Go client notes which interface its types were made of: another version of it gives the same types. */
const GO_SUMS = "sdks/go/generated.sha256";
const OPENAPI = "openapi/openapi.json";

const [wanted, folder = ROOT] = process.argv.slice(2);
const read = (path) => readFileSync(join(folder, path), "utf8");

if (wanted === "--check") check();
else if (wanted !== undefined && VERSION.test(wanted)) write(wanted);
else fail("node scripts/set-version.mjs X.Y.Z (or X.Y.Z-rc.N), or --check");

function check() {
  const { version } = JSON.parse(read("package.json"));
  const faults = PLACES.flatMap((place) =>
    findVersions(place)
      .filter((found) => found !== version)
      .map((found) => `${place.path} has ${found}`),
  );
  if (!read(GO_SUMS).includes(openapiSum())) faults.push(`${GO_SUMS} is of another ${OPENAPI}`);
  if (faults.length > 0) fail(`The version is ${version}, but:\n  ${faults.join("\n  ")}`);
}

function write(version) {
  const before = openapiSum();
  for (const { path, pattern, times } of PLACES) {
    findVersions({ path, pattern, times });
    // A lock file goes on with the versions of other packages.
    let left = times ?? 1;
    const put = (all, found) => (left-- > 0 ? all.replace(found, version) : all);
    writeFileSync(join(folder, path), read(path).replace(pattern, put));
  }
  writeFileSync(join(folder, GO_SUMS), read(GO_SUMS).replace(before, openapiSum()));
}

/** @returns the first `times` of them */
function findVersions({ path, pattern, times = 1 }) {
  const found = [...read(path).matchAll(pattern)].map(([, version]) => version).slice(0, times);
  if (found.length < times) fail(`${path} has no version where one is expected`);
  return found;
}

function openapiSum() {
  return createHash("sha256").update(read(OPENAPI)).digest("hex");
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
