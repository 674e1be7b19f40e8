/** How far configured paths lead along the way to a value. */
export interface PathMatch {
  /** What is left of every path that fits so far. */
  readonly rest: readonly (readonly string[])[];
  /** Whether one of them ends here. */
  readonly isEnd: boolean;
}

/** @throws TypeError for what is no JSON pointer (RFC 6901) */
export function parsePaths(pointers: readonly string[]): PathMatch {
  return matchOf(pointers.map(parsePointer));
}

export function matchChild(match: PathMatch, key: string): PathMatch {
  if (match.rest.length === 0) return match.isEnd ? NO_MATCH : match;
  return matchOf(match.rest.filter(([first]) => first === "*" || first === key).map((path) => path.slice(1)));
}

/**
 * Tells quickly that none of the paths leads anywhere in a JSON text: each has a key that would stand in it.
 * Only for texts without `\u` and `\/`, in which a key has one spelling.
 */
export function createPathProbe({ rest, isEnd }: PathMatch): (json: string) => boolean {
  const keys = rest.map((path) => path.findLast((key) => key !== "*" && !/^\d+$/.test(key)));
  if (isEnd || keys.includes(undefined)) return () => true;
  const needles = keys.map((key) => JSON.stringify(key));
  return (json) => needles.some((needle) => json.includes(needle));
}

/** Nothing leads anywhere. */
export const NO_MATCH: PathMatch = { rest: [], isEnd: false };

function matchOf(paths: readonly (readonly string[])[]): PathMatch {
  if (paths.length === 0) return NO_MATCH;
  return { rest: paths.filter((path) => path.length > 0), isEnd: paths.some((path) => path.length === 0) };
}

function parsePointer(pointer: string): string[] {
  if (pointer !== "" && !pointer.startsWith("/"))
    throw new TypeError(`\`${pointer}\` is no JSON pointer: it has to begin with /`);
  return pointer
    .split("/")
    .slice(1)
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
}
