/**
 * Wakes whoever waits for an approval, on every replica. Lossy by contract: a listener also looks for itself, at the
 * latest when the approval expires.
 * `publish` never throws; a message that could not be sent is what looking is for.
 */
export interface ApprovalNews {
  publish(id: string): Promise<void>;
  /**
   * @param listener given the id of an approval that may have changed; undefined when messages may have been lost and any
   * may have changed. It must not throw.
   * @returns a function that stops listening; safe to call twice
   */
  subscribe(listener: (id: string | undefined) => void): Promise<() => Promise<void>>;
  /** From then on nobody hears anything. May be called twice. */
  close(): Promise<void>;
}
