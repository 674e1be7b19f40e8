import type { Decision } from "../../src/model/decision.ts";
import type { EvaluateResponse } from "../../src/model/response.ts";

/** A refusal of the service, by its problem's code. */
export interface Refusal {
  readonly status: number;
  readonly code: string;
}

/** What clients were answered, over as many processes of a service as there were: what its audit log has to hold. */
export interface Ledger {
  /** Decisions that were said to be recorded, as JSON of a `Decision`, by request id. */
  readonly decisions: ReadonlyMap<string, string>;
  /** Request ids of the denies with `audit_unavailable`: these must not be in the log. */
  readonly unrecorded: ReadonlySet<string>;
  /** Request ids that were answered twice. */
  readonly repeated: readonly string[];
  /** Ids of API keys whose creation was answered. */
  readonly keys: ReadonlySet<string>;
  readonly refused: readonly Refusal[];
  addAnswer(answer: EvaluateResponse): void;
  addKey(id: string): void;
  addRefusal(refusal: Refusal): void;
}

export function createLedger(): Ledger {
  const decisions = new Map<string, string>();
  const unrecorded = new Set<string>();
  const repeated: string[] = [];
  const keys = new Set<string>();
  const refused: Refusal[] = [];
  /** Most decisions are alike, and there may be a million. */
  const texts = new Map<string, string>();

  return {
    decisions,
    unrecorded,
    repeated,
    keys,
    refused,
    addAnswer({ request_id: id, latency_ms: _, explanation: __, ...decision }) {
      if (decisions.has(id) || unrecorded.has(id)) repeated.push(id);
      if (decision.reason_code === "audit_unavailable") unrecorded.add(id);
      else decisions.set(id, intern(texts, JSON.stringify(decision satisfies Decision)));
    },
    addKey: (id) => void keys.add(id),
    addRefusal: (refusal) => void refused.push(refusal),
  };
}

function intern(texts: Map<string, string>, text: string): string {
  const known = texts.get(text);
  if (known === undefined) texts.set(text, text);
  return known ?? text;
}
