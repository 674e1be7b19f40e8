/** What `JSON.parse` gives, but for what follows the decision; parts may be shared with other records: not to be changed. */
export type ParseRecord = (text: string) => unknown;

/**
 * Parses lines of an export. Who asked and what was decided are half of a line and the same again and again, so their texts
 * are parsed once each.
 *
 * INVARIANT: a line is cut only into lists of members that are JSON each, so its members are theirs, and the last of one name
 * counts; any other line goes to `JSON.parse` whole. What was redacted gets traps (`guard-redacted.ts`) and is never shared.
 *
 * @returns throws SyntaxError as `JSON.parse` does
 */
export function createRecordParser(): ParseRecord {
  const identity = createMemberParser("identity");
  const decision = createMemberParser("decision");

  function parseParts(text: string): unknown {
    const identityAt = text.lastIndexOf(',"identity":');
    const decisionAt = text.indexOf(',"decision":', identityAt);
    const restAt = text.indexOf(',"key_id":', decisionAt);
    if (identityAt < 0 || decisionAt < 0 || restAt < 0 || !REST.test(text.slice(restAt))) return undefined;
    const record = JSON.parse(`${text.slice(0, identityAt)}}`) as Record<string, unknown>;
    if (record.kind !== "decision" || record.redacted !== undefined) return undefined;
    record.identity = identity(text.slice(identityAt + 1, decisionAt));
    record.decision = decision(text.slice(decisionAt + 1, restAt));
    return record;
  }

  return (text) => {
    try {
      const record = parseParts(text);
      if (record !== undefined) return record;
    } catch {
      // Cut in the wrong place, or not JSON at all.
    }
    return JSON.parse(text);
  };
}

/** Members that nothing is judged by: what was redacted is none of them. */
const REST =
  /^(?:,"(?:key_id|client_request_id|latency_us|writer|seq|prev_hash|hash)":(?:"[ !#-[\]-~]*"|0|[1-9][0-9]*))+\}$/;

const TEXT_LENGTH_MAX = 4096;
const TEXTS_MAX = 1024;

/** @returns throws SyntaxError for a text that is not this one member */
function createMemberParser(name: string): (text: string) => unknown {
  const known = new Map<string, unknown>();
  return (text) => {
    const found = known.get(text);
    if (found !== undefined) return found;
    const members = JSON.parse(`{${text}}`) as Record<string, unknown>;
    if (Object.keys(members).join() !== name) throw new SyntaxError("other members");
    const value = members[name];
    if (known.size >= TEXTS_MAX) known.clear();
    if (text.length <= TEXT_LENGTH_MAX) known.set(copyOf(text), value);
    return value;
  };
}

/** A part of a string keeps all of it in memory: here some tens of kilobytes. */
const copyOf = (text: string) => Buffer.from(text, "utf16le").toString("utf16le");
