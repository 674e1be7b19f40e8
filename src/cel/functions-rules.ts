import { commandLineOf } from "./command-line.ts";
import type { EvalFrame } from "./frame.ts";
import { type FunctionSpec, overload, type Prepared } from "./functions.ts";
import { compileGlob } from "./glob.ts";
import { matchesDomain, normalizeDomain, parseAddress, parseCidr, parseDomainPattern } from "./network.ts";
import { isJsonMap, mapEntries, mapGet } from "./operations.ts";
import * as T from "./static-types.ts";
import { CelMap, isCelError, LIMIT_EXCEEDED, NO_SUCH_KEY, NO_SUCH_OVERLOAD } from "./values.ts";

/** Compiling a pattern or an address costs about as much as this many units. */
const PARSE_FUEL = 100;
const DEPTH_MAX = 256;

function glob(frame: EvalFrame, pattern: unknown, name: unknown): unknown {
  if (typeof pattern !== "string" || typeof name !== "string") return NO_SUCH_OVERLOAD;
  if (!frame.spend(PARSE_FUEL + pattern.length)) return LIMIT_EXCEEDED;
  const matched = compileGlob(pattern).test(frame, name);
  return frame.fuel < 0 ? LIMIT_EXCEEDED : matched;
}

function prepareGlob([pattern]: readonly ({ readonly value: unknown } | undefined)[]): Prepared {
  if (typeof pattern?.value !== "string") return undefined;
  const compiled = compileGlob(pattern.value);
  const run = (frame: EvalFrame, _pattern: unknown, name: unknown): unknown => {
    if (typeof name !== "string") return NO_SUCH_OVERLOAD;
    const matched = compiled.test(frame, name);
    return frame.fuel < 0 ? LIMIT_EXCEEDED : matched;
  };
  return { run };
}

function domainMatches(frame: EvalFrame, domain: unknown, pattern: unknown): unknown {
  if (typeof domain !== "string" || typeof pattern !== "string") return NO_SUCH_OVERLOAD;
  if (!frame.spend((domain.length + pattern.length) >> 3)) return LIMIT_EXCEEDED;
  const parsed = parseDomainPattern(pattern);
  return isCelError(parsed) ? parsed : matchesDomain(normalizeDomain(domain), parsed);
}

function prepareDomain([, pattern]: readonly ({ readonly value: unknown } | undefined)[]): Prepared {
  if (typeof pattern?.value !== "string") return undefined;
  const parsed = parseDomainPattern(pattern.value);
  if (isCelError(parsed)) return { fault: parsed.message };
  const run = (frame: EvalFrame, domain: unknown): unknown => {
    if (typeof domain !== "string") return NO_SUCH_OVERLOAD;
    return frame.spend(domain.length >> 4) ? matchesDomain(normalizeDomain(domain), parsed) : LIMIT_EXCEEDED;
  };
  return { run };
}

function ipInCidr(frame: EvalFrame, ip: unknown, cidr: unknown): unknown {
  if (typeof ip !== "string" || typeof cidr !== "string") return NO_SUCH_OVERLOAD;
  if (!frame.spend(2 * PARSE_FUEL)) return LIMIT_EXCEEDED;
  const range = parseCidr(cidr);
  if (isCelError(range)) return range;
  const address = parseAddress(ip);
  return isCelError(address) ? address : range.contains(address);
}

function prepareCidr([, cidr]: readonly ({ readonly value: unknown } | undefined)[]): Prepared {
  if (typeof cidr?.value !== "string") return undefined;
  const range = parseCidr(cidr.value);
  if (isCelError(range)) return { fault: range.message };
  const run = (frame: EvalFrame, ip: unknown): unknown => {
    if (typeof ip !== "string") return NO_SUCH_OVERLOAD;
    if (!frame.spend(PARSE_FUEL)) return LIMIT_EXCEEDED;
    const address = parseAddress(ip);
    return isCelError(address) ? address : range.contains(address);
  };
  return { run };
}

function actionArgument(_frame: EvalFrame, map: unknown, key: unknown): unknown {
  if (typeof key !== "string" || !(isJsonMap(map) || map instanceof CelMap)) return NO_SUCH_OVERLOAD;
  const value = mapGet(map, key);
  return value === undefined ? NO_SUCH_KEY : value;
}

/** Whether a string at any depth contains the text. @returns undefined when there was not enough fuel */
function containsText(frame: EvalFrame, value: unknown, text: string, depth: number): boolean | undefined {
  if (typeof value === "string") {
    if (!frame.spend(1 + (value.length >> 5) * (1 + (text.length >> 7)))) return undefined;
    return value.includes(text);
  }
  if (typeof value !== "object" || value === null) return frame.spend(1) ? false : undefined;
  if (!frame.spend(depth > DEPTH_MAX ? Number.POSITIVE_INFINITY : 2)) return undefined;
  const isMap = value instanceof CelMap || isJsonMap(value);
  if (!isMap && !Array.isArray(value)) return false;
  for (const member of isMap ? mapEntries(value) : value) {
    const found = containsText(frame, isMap ? (member as readonly unknown[])[1] : member, text, depth + 1);
    if (found !== false) return found;
  }
  return false;
}

function actionArgumentContains(frame: EvalFrame, map: unknown, text: unknown): unknown {
  if (typeof text !== "string" || !(isJsonMap(map) || map instanceof CelMap)) return NO_SUCH_OVERLOAD;
  return containsText(frame, map, text, 0) ?? LIMIT_EXCEEDED;
}

function commandLine(frame: EvalFrame, map: unknown, destination: unknown): unknown {
  if (typeof destination !== "string") return NO_SUCH_OVERLOAD;
  const text = commandLineOf(map, destination);
  if (text === undefined) return NO_SUCH_OVERLOAD;
  return frame.spend(8 + (text.length >> 3)) ? text : LIMIT_EXCEEDED;
}

/** What rules have beyond the language definition. */
export const RULE_FUNCTIONS: readonly FunctionSpec[] = [
  { name: "glob", isMethod: false, overloads: [overload(T.STRING, T.STRING, T.BOOL)], run: glob, prepare: prepareGlob },
  {
    name: "dest_domain_matches",
    isMethod: false,
    overloads: [overload(T.STRING, T.STRING, T.BOOL)],
    run: domainMatches,
    prepare: prepareDomain,
  },
  {
    name: "dest_ip_in_cidr",
    isMethod: false,
    overloads: [overload(T.STRING, T.STRING, T.BOOL)],
    run: ipInCidr,
    prepare: prepareCidr,
  },
  { name: "action_arg", isMethod: false, overloads: [overload(T.MAP, T.STRING, T.DYN)], run: actionArgument },
  {
    name: "action_arg_contains",
    isMethod: false,
    overloads: [overload(T.MAP, T.STRING, T.BOOL)],
    run: actionArgumentContains,
  },
  { name: "command_line", isMethod: false, overloads: [overload(T.MAP, T.STRING, T.STRING)], run: commandLine },
];
