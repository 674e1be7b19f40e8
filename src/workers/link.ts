import { type Answers, type News, type Question, type ToPrimary, type ToWorker, WORKER_NUMBER } from "./messages.ts";

/** How a worker talks with the process that started it, and by that with the other workers. */
export interface WorkerLink {
  /** From 1. */
  readonly number: number;
  /** Resolves when the worker is told to stop. */
  readonly stopped: Promise<void>;
  isListening(url: string): void;
  isReady(): void;
  /** What all workers answer, this one included. Never rejects. */
  askAll(question: Question): Promise<Answers>;
  /** How this worker answers. */
  onQuestion(question: Question, answer: () => Promise<string>): void;
  tellOthers(news: News): void;
  /** @returns a function that stops listening */
  onNews(news: News, listener: () => void): () => void;
}

/** Longer than the primary waits for the other workers; past it the primary itself is gone. */
const ANSWERS_MS = 4000;

/** @returns undefined in a process that is no worker */
export function openWorkerLink(channel: NodeJS.Process): WorkerLink | undefined {
  const number = Number(channel.env[WORKER_NUMBER]);
  if (channel.send === undefined || !(number >= 1)) return undefined;
  const send = (message: ToPrimary) => void channel.send!(message, undefined, undefined, () => {});

  const asked = new Map<number, (answers: Answers) => void>();
  const answerers = new Map<Question, () => Promise<string>>();
  const listeners = new Set<{ readonly news: News; readonly listener: () => void }>();
  let lastId = 0;
  let stop = () => {};
  const stopped = new Promise<void>((resolve) => {
    stop = resolve;
  });

  async function answer(id: number, question: Question): Promise<void> {
    const text = await answerers
      .get(question)?.()
      .catch(() => undefined);
    if (text !== undefined) send({ kind: "answer", id, text });
  }

  channel.on("message", (message: ToWorker) => {
    if (message.kind === "stop") stop();
    else if (message.kind === "ping") send({ kind: "pong" });
    else if (message.kind === "question") void answer(message.id, message.question);
    else if (message.kind === "answers") asked.get(message.id)?.(message.answers);
    else for (const { news, listener } of [...listeners]) if (news === message.news) listener();
  });

  return {
    number,
    stopped,
    isListening: (url) => send({ kind: "listening", url }),
    isReady: () => send({ kind: "ready" }),
    askAll(question) {
      lastId += 1;
      const id = lastId;
      return new Promise((resolve) => {
        const settle = (answers: Answers) => {
          asked.delete(id);
          clearTimeout(timer);
          resolve(answers);
        };
        const timer = setTimeout(() => settle({ texts: [], isWhole: false }), ANSWERS_MS);
        asked.set(id, settle);
        send({ kind: "ask", id, question });
      });
    },
    onQuestion: (question, answerer) => void answerers.set(question, answerer),
    tellOthers: (news) => send({ kind: "news", news }),
    onNews(news, listener) {
      const entry = { news, listener };
      listeners.add(entry);
      return () => void listeners.delete(entry);
    },
  };
}
