import {
  boolCoreTag,
  EVENT_ID,
  type Event,
  floatCoreTag,
  getScalarValue,
  intCoreTag,
  NOT_RESOLVED,
  nullCoreTag,
  parseEvents,
  SCALAR_STYLE,
  type ScalarEvent,
  YAMLException,
} from "js-yaml";

/** Offsets are UTF-16 units from 0 into the text that was parsed. */
export type YamlNode = YamlScalar | YamlSequence | YamlMapping | YamlInvalid;

export interface YamlScalar {
  readonly kind: "scalar";
  readonly offset: number;
  readonly text: string;
  /** Where and how the scalar stands in the source; `sourceOffsetOf` needs it. */
  readonly event: ScalarEvent;
}

export interface YamlSequence {
  readonly kind: "sequence";
  readonly offset: number;
  readonly items: YamlNode[];
}

export interface YamlMapping {
  readonly kind: "mapping";
  readonly offset: number;
  readonly entries: YamlEntry[];
}

export interface YamlEntry {
  readonly key: string;
  readonly keyOffset: number;
  readonly value: YamlNode;
}

/** A node that was already reported (an alias, a tagged value): readers pass over it in silence. */
export interface YamlInvalid {
  readonly kind: "invalid";
  readonly offset: number;
}

export interface YamlFault {
  readonly code: string;
  readonly message: string;
  readonly offset: number;
}

export interface YamlTree {
  /** Undefined when there is no document, or none that could be parsed. */
  readonly root: YamlNode | undefined;
  readonly faults: readonly YamlFault[];
}

const DEPTH_MAX = 32;

/**
 * Parses one YAML 1.2 document into a tree with positions. Anchors, aliases, tags, merge keys, directives and further
 * documents are faults: they let a rule mean something else than it shows, and a security file must read as it is.
 */
export function parseYamlTree(source: string): YamlTree {
  try {
    return new TreeBuilder(source, parseEvents(source, { maxDepth: DEPTH_MAX })).build();
  } catch (error) {
    return { root: undefined, faults: [syntaxFault(source, error)] };
  }
}

/** The value of a scalar by the YAML 1.2 core schema: null, boolean, number or string. */
export function scalarValue(node: YamlScalar): null | boolean | number | string {
  if (node.event.style !== SCALAR_STYLE.PLAIN) return node.text;
  const text = node.text;
  // Only these can begin a plain scalar that is not a string.
  if (text !== "" && !/^[~nNtTfF0-9+.-]/.test(text)) return text;
  if (nullCoreTag.resolve(text, false, "") !== NOT_RESOLVED) return null;
  const bool = boolCoreTag.resolve(text, false, "");
  if (bool !== NOT_RESOLVED) return bool as boolean;
  const int = intCoreTag.resolve(text, false, "");
  if (int !== NOT_RESOLVED) return int as number;
  const float = floatCoreTag.resolve(text, false, "");
  return float === NOT_RESOLVED ? text : (float as number);
}

class TreeBuilder {
  readonly #source: string;
  readonly #events: readonly Event[];
  readonly #faults: YamlFault[] = [];
  #next = 0;

  constructor(source: string, events: readonly Event[]) {
    this.#source = source;
    this.#events = events;
  }

  build(): YamlTree {
    const document = this.#events[0];
    if (document === undefined) return { root: undefined, faults: [] };
    if (document.type === EVENT_ID.DOCUMENT && document.directives.length > 0)
      this.#fault("yaml-directive", "directives such as `%YAML` are not allowed", 0);
    this.#next = 1;
    const root = this.#node();
    this.#next += 1;
    if (this.#events[this.#next] !== undefined) {
      const offset = offsetOf(this.#events[this.#next + 1]) ?? this.#source.length;
      this.#fault(
        "multiple-documents",
        "a file holds one YAML document; put the second into a file of its own",
        offset,
      );
    }
    return { root, faults: this.#faults };
  }

  #fault(code: string, message: string, offset: number): void {
    this.#faults.push({ code, message, offset });
  }

  /** Reads the node at the cursor and everything in it. Depth is bounded by the parser's `maxDepth`. */
  #node(): YamlNode {
    const event = this.#events[this.#next++]!;
    switch (event.type) {
      case EVENT_ID.SCALAR: {
        const offset = this.#scalarOffset(event);
        const text = getScalarValue(this.#source, event);
        return this.#checked(event, { kind: "scalar", offset, text, event });
      }
      case EVENT_ID.SEQUENCE: {
        const items: YamlNode[] = [];
        while (this.#events[this.#next]!.type !== EVENT_ID.POP) items.push(this.#node());
        this.#next += 1;
        return this.#checked(event, { kind: "sequence", offset: event.start, items });
      }
      case EVENT_ID.MAPPING: {
        const entries: YamlEntry[] = [];
        const seen = new Set<string>();
        while (this.#events[this.#next]!.type !== EVENT_ID.POP) this.#entry(entries, seen);
        this.#next += 1;
        return this.#checked(event, { kind: "mapping", offset: event.start, entries });
      }
      case EVENT_ID.ALIAS: {
        const name = this.#source.slice(event.anchorStart, event.anchorEnd);
        this.#fault(
          "yaml-alias",
          `aliases are not allowed: repeat the value, or put quotes around \`*${name}\` if it is a glob`,
          event.anchorStart - 1,
        );
        return { kind: "invalid", offset: event.anchorStart - 1 };
      }
      default:
        throw new Error(`unexpected YAML event ${event.type}`);
    }
  }

  #entry(entries: YamlEntry[], seen: Set<string>): void {
    const keyEvent = this.#events[this.#next]!;
    const key = this.#node();
    const value = this.#node();
    if (key.kind !== "scalar") {
      if (key.kind !== "invalid") this.#fault("yaml-key", "a key must be a plain word or a string", key.offset);
      return;
    }
    const isPlain = keyEvent.type === EVENT_ID.SCALAR && keyEvent.style === SCALAR_STYLE.PLAIN;
    if (isPlain && key.text === "<<") {
      this.#fault("yaml-merge-key", "merge keys (`<<`) are not allowed: repeat the fields", key.offset);
      return;
    }
    if (seen.has(key.text)) {
      this.#fault("duplicate-key", `\`${key.text}\` is given twice in the same mapping`, key.offset);
      return;
    }
    seen.add(key.text);
    entries.push({ key: key.text, keyOffset: key.offset, value });
  }

  #checked(event: Exclude<Event, { type: 1 | 5 | 6 }>, node: YamlNode): YamlNode {
    if (event.anchorStart >= 0) {
      const name = this.#source.slice(event.anchorStart, event.anchorEnd);
      this.#fault("yaml-anchor", `anchors are not allowed: remove \`&${name}\``, event.anchorStart - 1);
    }
    if (event.tagStart < 0) return node;
    const tag = this.#source.slice(event.tagStart, event.tagEnd);
    this.#fault(
      "yaml-tag",
      `tags are not allowed: remove \`${tag}\`, or put quotes around a text that begins with \`!\``,
      event.tagStart,
    );
    return { kind: "invalid", offset: event.tagStart };
  }

  /** Where a reader looks for it: at the opening quote, at a block's first word. */
  #scalarOffset({ valueStart, style }: ScalarEvent): number {
    if (valueStart >= 0) {
      if (style === SCALAR_STYLE.SINGLE_QUOTED || style === SCALAR_STYLE.DOUBLE_QUOTED) return valueStart - 1;
      if (style === SCALAR_STYLE.PLAIN) return valueStart;
      const word = this.#source.slice(valueStart).search(/\S/);
      return valueStart + Math.max(word, 0);
    }
    // An empty value has no place of its own: the last key's end stands in.
    const before = this.#events[this.#next - 2];
    return before?.type === EVENT_ID.SCALAR && before.valueEnd >= 0 ? before.valueEnd : 0;
  }
}

function offsetOf(event: Event | undefined): number | undefined {
  if (event === undefined) return undefined;
  if (event.type === EVENT_ID.SCALAR) return event.valueStart < 0 ? undefined : event.valueStart;
  if (event.type === EVENT_ID.MAPPING || event.type === EVENT_ID.SEQUENCE) return event.start;
  if (event.type === EVENT_ID.ALIAS) return event.anchorStart - 1;
  return undefined;
}

function syntaxFault(source: string, error: unknown): YamlFault {
  if (!(error instanceof YAMLException)) {
    const message = `the YAML parser gave up: ${error instanceof Error ? error.message : String(error)}`;
    return { code: "yaml-syntax", message, offset: 0 };
  }
  const offset = Math.min(error.mark?.position ?? 0, source.length);
  return { code: "yaml-syntax", message: `${error.reason}${syntaxHint(source, offset)}`, offset };
}

/** Most syntax errors of rule files are an unquoted condition or glob: say so. */
function syntaxHint(source: string, offset: number): string {
  const lineStart = source.lastIndexOf("\n", offset - 1) + 1;
  const lineEnd = source.indexOf("\n", lineStart);
  const line = source.slice(lineStart, lineEnd < 0 ? undefined : lineEnd);
  if (/^\s*(?:- )?when:/.test(line)) return "; put the whole condition in quotes or in a `|` block";
  if (/[[:,]\s*[*]/.test(line)) return "; put quotes around a glob that begins with `*`";
  return "";
}
