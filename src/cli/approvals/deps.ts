import type { ApprovalJson } from "./json.ts";

export interface ApprovalSelection {
  readonly status?: string;
  /** Name of who asks. */
  readonly identity?: string;
  readonly rule_id?: string;
}

/** The approvals of one service, as the holder of one key may see and answer them. Methods reject with a CliError. */
export interface ApprovalInbox {
  /** For people, what is asked: the service's address, or undefined where it has no other name than "this machine". */
  readonly name: string;
  /**
   * Newest first.
   * @param limit how many at most; `next_cursor` is null when these are all
   */
  list(
    selection: ApprovalSelection,
    limit: number,
  ): Promise<{ readonly items: readonly ApprovalJson[]; readonly next_cursor: string | null }>;
  get(id: string): Promise<ApprovalJson>;
  /** The other three give the approval as it is then. */
  approve(id: string, answer: { readonly note?: string }): Promise<ApprovalJson>;
  deny(id: string, answer: { readonly reason: string }): Promise<ApprovalJson>;
  cancel(id: string, answer: { readonly reason?: string }): Promise<ApprovalJson>;
  /** One connection: all that are pending, then `synced`, then each that changes; it ends or rejects when the connection does. */
  follow(signal: AbortSignal): AsyncIterable<ApprovalEvent>;
  close(): Promise<void>;
}

export type ApprovalEvent =
  | { readonly kind: "approval"; readonly approval: ApprovalJson }
  /** All that were pending when the connection began have been given. */
  | { readonly kind: "synced" };

/** What a command that shows something for as long as somebody looks needs of the terminal that stdout is. */
export interface LiveTerminal {
  /** How many rows it has now. */
  rows(): number;
  /**
   * @param listener called once, when the person ends the command or nobody reads stdout any more
   * @returns stops listening
   */
  onEnd(listener: () => void): () => void;
  /** Resolves after `ms`, or at once when the signal is aborted. Never rejects. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
}
