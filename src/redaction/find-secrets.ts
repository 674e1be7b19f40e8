import { skipBackslashes } from "./characters.ts";
import { createAssignmentDetector } from "./detect-assignment.ts";
import {
  detectAuthOption,
  detectBasic,
  detectBearer,
  detectIdentifiedBy,
  detectOptionItem,
  detectPasswordOption,
  detectQueryParameter,
  detectUserInfo,
  detectUserOption,
} from "./detect-credentials.ts";
import {
  createTokenDetector,
  detectEntraSecret,
  detectJwt,
  detectPasswordHash,
  detectPrivateKey,
  detectTelegramToken,
} from "./detect-token.ts";
import { KeywordIndex } from "./keyword-index.ts";
import { betweenMarkers, MARKER_START, markerEnd } from "./marker.ts";
import { NAME_KEYWORDS } from "./secret-names.ts";
import { TOKEN_FORMATS } from "./token-formats.ts";
import { type Detector, type Finding, POSSIBLE } from "./types.ts";

/** The secrets of one text, ascending, without overlaps and without the markers in it. */
export function findSecrets(text: string): Finding[] {
  const findings: Finding[] = [];
  INDEX.scan(text, (id, start, end) => {
    const marker = markerEnd(text, start);
    if (marker > start) return marker;
    const found = DETECTORS[id]!(text, start, end, false);
    if (found === undefined || found.end <= start) return 0;
    findings.push(...betweenMarkers(text, found));
    return found.end;
  });
  return findings;
}

/**
 * Whether a JSON text may hold a secret: false says that it holds none, in no key and in no value.
 *
 * INVARIANT: `\u` and `\/` could hide a keyword, every other escape cannot: it stands for a character that is in none. So the
 * keywords of the strings are those of the text, and a detector that meets an escape says that it does not know.
 */
export function mayHoldSecret(json: string): boolean {
  if (hasHidingEscape(json)) return true;
  let isPossible = false;
  INDEX.scan(json, (id, start, end) => {
    isPossible = DETECTORS[id]!(json, start, end, true) !== undefined;
    return isPossible ? json.length : 0;
  });
  return isPossible;
}

/** An escape that is itself escaped counts: it is one in a JSON text inside a string. */
function hasHidingEscape(json: string): boolean {
  for (let at = json.indexOf("\\"); at >= 0; at = json.indexOf("\\", at)) {
    at = skipBackslashes(json, at);
    if (json[at] === "u" || json[at] === "/") return true;
  }
  return false;
}

/** A marker says nothing by itself, but what stands beside it has to be looked at piece by piece. */
const detectMarker: Detector = (_text, _start, _end, raw) => (raw ? POSSIBLE : undefined);

/** The detectors of each keyword in their order: the first that finds something counts. */
const detectorsOf = new Map<string, Detector[]>();
function register(keyword: string, detector: Detector): void {
  const detectors = detectorsOf.get(keyword.toLowerCase());
  if (detectors === undefined) detectorsOf.set(keyword.toLowerCase(), [detector]);
  else detectors.push(detector);
}

for (const format of TOKEN_FORMATS)
  register(format.prefix, format.kind === "password-hash" ? detectPasswordHash : createTokenDetector(format));
for (const [keyword, name] of NAME_KEYWORDS) register(keyword, createAssignmentDetector(name));
register(MARKER_START, detectMarker);
register("eyJ", detectJwt);
register(":AA", detectTelegramToken);
register("8Q~", detectEntraSecret);
register("7Q~", detectEntraSecret);
register("-----BEGIN", detectPrivateKey);
register("://", detectUserInfo);
register("bearer", detectBearer);
register("basic", detectBasic);
register("identified ", detectIdentifiedBy);
register(" -p", detectPasswordOption);
register(" -a", detectAuthOption);
for (const option of [
  " -u",
  " -su",
  " -ku",
  " -vu",
  " -sku",
  " -ksu",
  " -sSu",
  " -sSLu",
  "--user ",
  "--user=",
  "--proxy-user ",
])
  register(option, detectUserOption);
for (const item of ["-u", "--user", "--proxy-user"].flatMap((option) => [`"${option}"`, `"${option}\\`]))
  register(item, detectOptionItem);
for (const item of ['"-p', '"-a"', '"-a\\']) register(item, detectOptionItem);
for (const parameter of ["sig=", "key=", "signature="]) register(parameter, detectQueryParameter);

const INDEX = new KeywordIndex([...detectorsOf.keys()]);
const DETECTORS: readonly Detector[] = [...detectorsOf.values()].map(([first, ...others]) =>
  others.length === 0 ? first! : firstOf([first!, ...others]),
);

function firstOf(detectors: readonly Detector[]): Detector {
  return (text, start, end, raw) => {
    for (const detect of detectors) {
      const found = detect(text, start, end, raw);
      if (found !== undefined) return found;
    }
    return undefined;
  };
}
