import type { Decision } from "./decision.ts";
import { decisionJson } from "./decision-json.ts";
import type { EvaluateResponse, Explanation } from "./response.ts";

/** A decided request, before it is put into words for a client. */
export interface Evaluation {
  /** UUIDv7. */
  readonly requestId: string;
  readonly decision: Decision;
  /** Whole microseconds from the request's arrival to the decision. */
  readonly latencyUs: number;
  readonly explanation?: Explanation;
}

export function toResponse({ requestId, decision, latencyUs, explanation }: Evaluation): EvaluateResponse {
  const response = { ...decision, request_id: requestId, latency_ms: latencyUs / 1000 };
  return explanation === undefined ? response : { ...response, explanation };
}

/** `JSON.stringify(toResponse(evaluation))`, from the text that the decision's record was made of as well. */
export function responseJson({ requestId, decision, latencyUs, explanation }: Evaluation): string {
  const rest = explanation === undefined ? "" : `,"explanation":${JSON.stringify(explanation)}`;
  return `${decisionJson(decision).slice(0, -1)},"request_id":"${requestId}","latency_ms":${latencyUs / 1000}${rest}}`;
}
