import type { Answers, News, Question, ToPrimary, ToWorker } from "./messages.ts";

/** As much of a worker as carries messages. */
export interface WorkerChannel {
  send(message: ToWorker): unknown;
  on(event: "message", listener: (message: ToPrimary) => void): unknown;
  isConnected(): boolean;
}

/** Carries questions, answers and news between the workers. */
export interface WorkerExchange {
  add(worker: WorkerChannel): void;
  /** What it was asked will not be answered. */
  remove(worker: WorkerChannel): void;
  tell(news: News): void;
  stop(): void;
}

/** How long workers have to answer; longer than one tries to move its records on. */
const ANSWER_MS = 2500;

interface Round {
  readonly waitingFor: Set<WorkerChannel>;
  readonly texts: string[];
  finish(): void;
}

/** @param renderOwn metrics of this process */
export function createWorkerExchange(renderOwn: () => Promise<string>): WorkerExchange {
  const workers = new Set<WorkerChannel>();
  const rounds = new Map<number, Round>();
  let lastId = 0;

  function send(worker: WorkerChannel, message: ToWorker): void {
    if (worker.isConnected()) worker.send(message);
  }

  function tell(news: News, from?: WorkerChannel): void {
    for (const worker of workers) if (worker !== from) send(worker, { kind: "news", news });
  }

  function ask(question: Question, finish: (answers: Answers) => void): void {
    lastId += 1;
    const id = lastId;
    const count = workers.size;
    const timer = setTimeout(() => round.finish(), ANSWER_MS);
    const round: Round = {
      waitingFor: new Set(workers),
      texts: [],
      finish() {
        clearTimeout(timer);
        rounds.delete(id);
        finish({ texts: round.texts, isWhole: round.texts.length === count });
      },
    };
    rounds.set(id, round);
    for (const worker of workers) send(worker, { kind: "question", id, question });
  }

  function settle(round: Round | undefined, worker: WorkerChannel, text?: string): void {
    if (round?.waitingFor.delete(worker) !== true) return;
    if (text !== undefined) round.texts.push(text);
    if (round.waitingFor.size === 0) round.finish();
  }

  function receive(worker: WorkerChannel, message: ToPrimary): void {
    if (message.kind === "news") tell(message.news, worker);
    else if (message.kind === "answer") settle(rounds.get(message.id), worker, message.text);
    else if (message.kind === "ask") {
      const { id, question } = message;
      ask(question, async ({ texts, isWhole }) => {
        const own = question === "metrics" ? [await renderOwn()] : [];
        send(worker, { kind: "answers", id, answers: { texts: [...texts, ...own], isWhole } });
      });
    }
  }

  return {
    add(worker) {
      workers.add(worker);
      worker.on("message", (message) => receive(worker, message));
    },
    remove(worker) {
      workers.delete(worker);
      for (const round of [...rounds.values()]) settle(round, worker);
    },
    tell,
    stop() {
      for (const worker of workers) send(worker, { kind: "stop" });
    },
  };
}
