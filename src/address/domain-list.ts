/** A host name, taken apart by the Public Suffix List. */
export interface DomainParts {
  /** The suffix and one label; empty when the name is no more than a suffix, or has none. */
  readonly registrable: string;
  readonly subdomain: string;
  readonly suffix: string;
  /** The suffix is on the list, and not only taken for one because it is the last label. */
  readonly isListed: boolean;
}

type Library = Pick<typeof import("tldts"), "parse">;

let library: Library | undefined;
let loading: Promise<void> | undefined;

/** Gets the Public Suffix List ready (10 MB of memory); once for the process, however often it is called. */
export function loadDomainList(): Promise<void> {
  loading ??= load().catch((error: unknown) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

async function load(): Promise<void> {
  library = await import("tldts");
}

export function isDomainListLoaded(): boolean {
  return library !== undefined;
}

/**
 * Private suffixes count: `a.github.io` and `b.github.io` belong to two people, so each is a registrable domain.
 *
 * @param host in the canonical form of URLs, and no address
 * @throws TypeError before `loadDomainList`
 */
export function domainPartsOf(host: string): DomainParts {
  if (library === undefined) throw new TypeError("the list of domains is not loaded");
  const { domain, subdomain, publicSuffix, isIcann, isPrivate } = library.parse(host, {
    ...{ allowPrivateDomains: true, extractHostname: false, detectIp: false, validateHostname: false },
  });
  return {
    registrable: domain ?? "",
    subdomain: subdomain ?? "",
    suffix: publicSuffix ?? "",
    isListed: isIcann === true || isPrivate === true,
  };
}
