/** What every worker is asked at once, and answers with a text. */
export type Question = "metrics" | "flush";

/** What one worker tells the others: keys or rules may have changed. */
export type News = "keys" | "rules";

/** @property isWhole whether every worker answered in time */
export interface Answers {
  readonly texts: readonly string[];
  readonly isWhole: boolean;
}

/** From a worker. `id` is its own and comes back with the answers. */
export type ToPrimary =
  | { readonly kind: "listening"; readonly url: string }
  | { readonly kind: "ready" }
  | { readonly kind: "pong" }
  | { readonly kind: "ask"; readonly id: number; readonly question: Question }
  | { readonly kind: "answer"; readonly id: number; readonly text: string }
  | { readonly kind: "news"; readonly news: News };

/** To a worker. The `id` of a question comes back with its answer. */
export type ToWorker =
  | { readonly kind: "stop" }
  | { readonly kind: "ping" }
  | { readonly kind: "news"; readonly news: News }
  | { readonly kind: "question"; readonly id: number; readonly question: Question }
  | { readonly kind: "answers"; readonly id: number; readonly answers: Answers };

/** Tells a process that it is a worker, and which. No variable of the service: those begin with `VERDICT_`. */
export const WORKER_NUMBER = "_VERDICT_WORKER";
