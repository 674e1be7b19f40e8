import { createHmac } from "node:crypto";
import { createPathProbe, parsePaths } from "./configured-paths.ts";
import { findSecrets, mayHoldSecret } from "./find-secrets.ts";
import { joinFindings } from "./join-findings.ts";
import { betweenMarkers, createMarkers, type MakeMarker } from "./marker.ts";
import { JsonRedaction } from "./redact-json.ts";
import { DENSE_KIND, takeMembers } from "./take-members.ts";
import type { Finding, Redaction, Redactor, RedactorOptions, SearchText } from "./types.ts";

/** @throws TypeError for a key that is too short or a path that is no JSON pointer */
export function createRedactor({ key, paths = [], search }: RedactorOptions): Redactor {
  if (key.length < KEY_BYTES_MIN) throw new TypeError(`the key has ${key.length} bytes, it needs ${KEY_BYTES_MIN}`);
  const makeMarker = createMarkers(key);
  const match = parsePaths(paths);
  const mayLeadSomewhere = createPathProbe(match);
  return {
    redactJson(json) {
      const mayHold = mayHoldSecret(json) || mayLeadSomewhere(json) || search?.mayMatch(json) === true;
      return mayHold ? redactParsed(json) : undefined;
    },
    redactText: (text) => redactText(text, makeMarker, search?.begin()),
    digest(text) {
      return `hmac-sha256:${createHmac("sha256", key).update(DIGEST_DOMAIN).update(text).digest("hex")}`;
    },
  };

  function redactParsed(json: string): Redaction | undefined {
    const searchText = search?.begin();
    const redaction = new JsonRedaction({
      makeMarker,
      redactText: (text, name) => redactText(text, makeMarker, searchText, name),
      redactKey: (key) => redactText(key, makeMarker, isName(key) ? undefined : searchText),
      redactFound: (text, name, isNumber) =>
        searchText === undefined
          ? text
          : replaceAll(text, makeMarker, (rest) => joinFindings(findBy(searchText, rest, name, isNumber))),
    });
    const value = JSON.parse(json);
    const redacted = redaction.visit(value, match);
    const { pointers } = redaction;
    if (pointers.length === 0) return undefined;
    const precise = { json: JSON.stringify(redacted), pointers };
    return isBounded(precise, json) ? precise : redactMembers(value, redacted, json);
  }

  /** The last resort for a value made to grow: what holds a secret is replaced member by member, or else as one. */
  function redactMembers(value: unknown, redacted: unknown, json: string): Redaction {
    const members = takeMembers(value, redacted, makeMarker);
    const whole = { json: JSON.stringify(makeMarker(json, DENSE_KIND)), pointers: [""] };
    return members !== undefined && isBounded(members, json) ? members : whole;
  }
}

/**
 * Names of members are searched by rules from outside only where they may be more than a name: no rule takes the request's own
 * apart, such as `arguments`.
 */
const isName = (key: string) => /^[a-z_]{1,24}$/.test(key);

/**
 * INVARIANT: what comes out has at most this many times the length of what came in and this much more: the log that it goes to
 * must not be filled by a request that is small enough to be accepted.
 */
const GROWTH_MAX = 6;
const EXTRA_MAX = 32_768;

function isBounded({ json, pointers }: Redaction, source: string): boolean {
  const length = pointers.reduce((sum, pointer) => sum + pointer.length, json.length);
  return length <= GROWTH_MAX * source.length + EXTRA_MAX;
}

const KEY_BYTES_MIN = 32;
/** No UTF-8 text begins with this byte, so no secret in a marker is ever digested as a text is here. */
const DIGEST_DOMAIN = Uint8Array.of(0xff);

function redactText(text: string, makeMarker: MakeMarker, search?: SearchText, name?: string): string {
  return replaceAll(text, makeMarker, (rest) =>
    search === undefined ? findSecrets(rest) : joinFindings([...findSecrets(rest), ...findBy(search, rest, name)]),
  );
}

/**
 * INVARIANT: what comes out is left as it is the next time, because it goes through until nothing is found. Two rounds are
 * the rule: one that finds, one that finds nothing more.
 */
function replaceAll(text: string, makeMarker: MakeMarker, find: (text: string) => readonly Finding[]): string {
  let redacted = text;
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const findings = find(redacted);
    if (findings.length === 0) break;
    redacted = replace(redacted, findings, makeMarker);
  }
  return redacted;
}

/** Bounds the work on texts made to need more. */
const ROUNDS_MAX = 8;

const findBy = (search: SearchText, text: string, name: string | undefined, isNumber = false) =>
  search(text, name, isNumber).flatMap((finding) => betweenMarkers(text, finding));

function replace(text: string, findings: readonly Finding[], makeMarker: MakeMarker): string {
  let result = "";
  let from = 0;
  for (const { start, end, kind } of findings) {
    result += text.slice(from, start) + makeMarker(text.slice(start, end), kind);
    from = end;
  }
  return result + text.slice(from);
}
