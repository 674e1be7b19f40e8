/** What `JSON.parse` gives, but for what follows the decision; parts may be shared with other records: not to be changed. */
export type ParseRecord = (text: string) => unknown;

/**
 * Parses lines of an export. Who asked and what was decided are half of a line and in most logs the same again and again, so
 * their texts are parsed once each. Where they turn out not to be, lines go to `JSON.parse` whole from then on.
 *
 * INVARIANT: a line is cut only into lists of members that are JSON each, so its members are theirs, and the last of one name
 * counts. What was redacted gets traps (`guard-redacted.ts`) and is never shared.
 *
 * @returns throws SyntaxError as `JSON.parse` does
 */
export function createRecordParser(): ParseRecord {
  const identities = new SharedMembers("identity");
  const decisions = new SharedMembers("decision");

  function parseParts(text: string): unknown {
    const identityAt = text.lastIndexOf(',"identity":');
    const decisionAt = text.indexOf(',"decision":', identityAt);
    const restAt = text.indexOf(',"key_id":', decisionAt);
    if (identityAt < 0 || decisionAt < 0 || restAt < 0 || !REST.test(text.slice(restAt))) return undefined;
    const record = JSON.parse(`${text.slice(0, identityAt)}}`) as Record<string, unknown>;
    if (record.kind !== "decision" || record.redacted !== undefined) return undefined;
    identities.addTo(record, text.slice(identityAt + 1, decisionAt));
    decisions.addTo(record, text.slice(decisionAt + 1, restAt));
    return record;
  }

  return (text) => {
    if (identities.areShared && decisions.areShared) {
      try {
        const record = parseParts(text);
        if (record !== undefined) return record;
      } catch {
        // Cut in the wrong place, or not JSON at all.
      }
    }
    return JSON.parse(text);
  };
}

/** Members that nothing is judged by: what was redacted is none of them. */
const REST =
  /^(?:,"(?:key_id|client_request_id|latency_us|writer|seq|prev_hash|hash)":(?:"[ !#-[\]-~]*"|0|[1-9][0-9]*))+\}$/;

const OF_PEOPLE: ReadonlySet<string> = new Set(["ruled", "approval"]);

/** Of all texts that are kept; some tens of megabytes once they are parsed, whatever they hold. */
const CHARACTERS_MAX = 1_000_000;

/** Values of one member by its text. */
class SharedMembers {
  readonly #name: string;
  readonly #values = new Map<string, unknown>();
  #characters = 0;
  #hits = 0;
  /** Whether texts come again often enough to be kept. */
  areShared = true;

  constructor(name: string) {
    this.#name = name;
  }

  /** @param text the member, and what stands behind it where a person decided @throws SyntaxError for anything else */
  addTo(record: Record<string, unknown>, text: string): void {
    const found = this.#values.get(text);
    if (found !== undefined) {
      this.#hits += 1;
      record[this.#name] = found;
      return;
    }
    const members = JSON.parse(`{${text}}`) as Record<string, unknown>;
    const names = Object.keys(members);
    for (const name of names) {
      if (name !== this.#name && !OF_PEOPLE.has(name)) throw new SyntaxError("other members");
      record[name] = members[name];
    }
    if (names.length === 1) this.#keep(text, members[this.#name]);
  }

  #keep(text: string, value: unknown): void {
    if (this.#characters + text.length > CHARACTERS_MAX) {
      this.areShared = this.#hits > this.#values.size;
      this.#values.clear();
      this.#characters = 0;
      this.#hits = 0;
    }
    this.#characters += text.length;
    this.#values.set(copyOf(text), value);
  }
}

/** A part of a string keeps all of it in memory: here some tens of kilobytes. */
const copyOf = (text: string) => Buffer.from(text, "utf16le").toString("utf16le");
