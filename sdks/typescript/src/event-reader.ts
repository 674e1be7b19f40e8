export interface ReceivedEvent {
  /** `message` where it has none. */
  readonly type: string;
  readonly data: string;
}

/** Far more than an event of the service has; whoever sends more without an end would only fill the memory. */
const PENDING_MAX = 65_536;

/**
 * Reads server-sent events (WHATWG HTML section 9.2.6) as they come, but for `id` and `retry`. An event without data, which that
 * standard drops, is one here: it says that something happened.
 */
export class EventReader {
  #pending = "";
  #type = "";
  #data: string[] | undefined;
  /** Of the lines of this event, in characters; a line of nothing is one. */
  #length = 0;

  /** @returns the events that this text completes. @throws RangeError when an event is too long */
  read(text: string): readonly ReceivedEvent[] {
    const events: ReceivedEvent[] = [];
    this.#pending += text;
    // A carriage return at the end may be half of a line's end.
    const lines = this.#pending.split(/\r\n|\n|\r(?!$)/);
    this.#pending = lines.pop()!;
    for (const line of lines) {
      if (line === "") this.#end(events);
      else this.#field(line);
    }
    if (this.#pending.length + this.#length > PENDING_MAX) throw new RangeError("The event does not end.");
    return events;
  }

  #field(line: string): void {
    const colon = line.indexOf(":");
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "event") this.#type = value;
    if (name !== "data") return;
    this.#data ??= [];
    this.#data.push(value);
    this.#length += value.length + 1;
  }

  #end(events: ReceivedEvent[]): void {
    if (this.#type !== "" || this.#data !== undefined)
      events.push({ type: this.#type || "message", data: (this.#data ?? []).join("\n") });
    this.#type = "";
    this.#data = undefined;
    this.#length = 0;
  }
}
